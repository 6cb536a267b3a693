import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { startStore, storeKind } from '../queue-store.js';
import { readEffects } from './effects.js';
import { countCompleted, drained, placeOrders } from './run/customers.js';
import { startProcess, type AppProcess } from './run/fleet.js';
import { reconcile, type Check } from './run/reconcile.js';
import { CRASH_AT } from './settings.js';

const DRAIN_TIMEOUT_MS = 30_000;

const { values: options } = parseArgs({
  options: { once: { type: 'boolean', default: false }, queue: { type: 'string', default: 'redis' } },
});
const kind = storeKind(options.queue);
if (kind === 'memory') throw new Error('Processes share no memory: give --queue redis or --queue postgres.');

const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
const folder = mkdtempSync(path.join(tmpdir(), 'nestjs-dispatch-workers-'));
const effectsFile = path.join(folder, 'effects');
const store = await startStore(kind);
try {
  await run();
} finally {
  await store.stop();
  rmSync(folder, { recursive: true });
}

async function run(): Promise<void> {
  const [api, ...workers] = await Promise.all([
    start('api', 'send'),
    start('worker-1', 'work'),
    start('worker-2', 'work'),
  ]);
  console.log(`The API takes orders at ${api.url}/orders; two workers handle them.`);
  const crash = killFirst(workers);
  const placed = await placeOrders(api.url);
  const killed = await crash;
  const parked = await drained(api.url, DRAIN_TIMEOUT_MS);
  const completedReceipts = await countCompleted(api.url, placed.receipts);
  report(reconcile({ placed, effects: readEffects(effectsFile), killed: killed.name, completedReceipts, parked }));
  if (!options.once) {
    console.log(`\nServing ${api.url}/orders until Ctrl-C`);
    await interrupted;
  }
  for (const left of [api, ...workers.filter((worker) => worker !== killed)]) {
    if (await left.stop()) continue;
    console.log(`${left.name} did not end in order.`);
    process.exitCode = 1;
  }
}

function start(name: string, role: 'send' | 'work'): Promise<AppProcess> {
  return startProcess({ name, store: store.address, effectsFile }, role);
}

/** Kills the worker that first is in the middle of a handler; the others go on. */
async function killFirst(workers: readonly AppProcess[]): Promise<AppProcess> {
  const victim = await Promise.race(workers.map(({ atCrashPoint }) => atCrashPoint));
  await victim.kill();
  console.log(`One of them was killed with SIGKILL, inside its handler of command ${CRASH_AT}.\n`);
  for (const other of workers) if (other !== victim) other.spare();
  return victim;
}

function report(checks: readonly Check[]): void {
  for (const { what, value } of checks) console.log(what.padEnd(46) + String(value).padStart(9));
  const wrong = checks.filter(({ isRight }) => !isRight);
  console.log(wrong.length === 0 ? '\nAll checks hold.' : `\n${wrong.length} of ${checks.length} checks fail.`);
  if (wrong.length > 0) process.exitCode = 1;
}
