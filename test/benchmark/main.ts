import { cpus } from 'node:os';

import { parseArguments, USAGE, type Arguments } from './arguments.js';
import { coreSuite } from './core/suite.js';
import { relayedBackendOf } from './outbox/sizes.js';
import { outboxSuite } from './outbox/suite.js';
import { runProcesses } from './processes.js';
import { withServers } from './queue/servers.js';
import { queueSuite } from './queue/suite.js';
import { printTable, type Report } from './report.js';
import { routerSuite } from './router/suite.js';
import { storeSuite } from './store/suite.js';
import type { Row, Suite } from './suite.js';

const parsed = argumentsOrUsage();
if (parsed === undefined) process.exitCode = 2;
else if (parsed.suiteName === 'queue') await withServers(parsed.backends, () => bench(parsed));
else if (parsed.suiteName === 'outbox') await withServers(['redis', 'postgres'], () => bench(parsed));
else if (parsed.suiteName === 'store') await withServers(['postgres'], () => bench(parsed));
else await bench(parsed);

function argumentsOrUsage(): Arguments | undefined {
  try {
    return parseArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    return undefined;
  }
}

async function bench(asked: Arguments): Promise<void> {
  const { suiteName, isJson, sliceMs } = asked;
  const suites = suitesOf(asked);
  const [{ measures, defaultRounds }] = suites;
  const rounds = asked.rounds ?? defaultRounds;
  const rows: Row[] = [];
  for (const suite of suites) rows.push(...(await rowsOf(suite, suiteName, { rounds, sliceMs })));
  progress('');
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  const report: Report = { suite: suiteName, measures, rows, rounds, sliceMs, machine };
  if (isJson) process.stdout.write(`${JSON.stringify(report)}\n`);
  else printTable(report);
}

function suitesOf({ suiteName, backends, events }: Arguments): readonly [Suite, ...Suite[]] {
  if (suiteName === 'core') return [coreSuite];
  if (suiteName === 'router') return [routerSuite];
  if (suiteName === 'store') return [storeSuite(events)];
  const [first = 'redis', ...others] = backends;
  if (suiteName === 'outbox') {
    const suiteOf = (backend: string): Suite => outboxSuite(relayedBackendOf(backend));
    return [suiteOf(first), ...others.map(suiteOf)];
  }
  return [queueSuite(first), ...others.map((backend) => queueSuite(backend))];
}

async function rowsOf(
  suite: Suite,
  suiteName: string,
  options: { readonly rounds: number; readonly sliceMs: number },
): Promise<readonly Row[]> {
  const { warmUpRounds } = suite;
  const times = await runProcesses(suiteName, suite.processes, { ...options, warmUpRounds, progress });
  return [...suite.rows(times), ...((await suite.moreRows?.()) ?? [])];
}

/** On a terminal only, and never on stdout, which is for the result. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(40)}\r`);
}
