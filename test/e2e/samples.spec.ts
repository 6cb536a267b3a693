import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { SentCounts } from '../../sample/01-webhooks/load/send-deliveries.js';
import { mismatches, reconcile, type ServedCounts } from '../../sample/01-webhooks/report/reconcile.js';
import { reportLines } from '../../sample/01-webhooks/report/report-lines.js';
import type { KeyCounts } from '../../sample/01-webhooks/tally.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const TSC = path.join(ROOT, 'node_modules/typescript/bin/tsc');
const TIMEOUT_MS = 120_000;
const run = promisify(execFile);

const PATHS = {
  'nestjs-dispatch': ['./dist/index.d.ts'],
  'nestjs-dispatch/*': ['./dist/integrations/*/index.d.ts'],
};

/** The servers of this test run, so that a sample need not start its own. */
const SERVERS = { REDIS_URL: process.env['TEST_REDIS_URL'], POSTGRES_URL: process.env['TEST_POSTGRES_URL'] };

/** Two genuine messages of key `a`, one of `b` and a forged one. */
const SENT: SentCounts = {
  sent: 4,
  kinds: new Map([
    ['genuine', 3],
    ['tampered with', 1],
  ]),
  keys: new Map([
    ['a', 2],
    ['b', 1],
  ]),
  answers: new Map([
    ['handled', 2],
    ['skipped', 1],
    ['DISPATCH_BAD_SIGNATURE', 1],
  ]),
  durationMs: 10,
};

const SERVED: ServedCounts = {
  received: 4,
  handled: 2,
  skipped: 1,
  refused: 1,
  refusals: new Map([['DISPATCH_BAD_SIGNATURE', 1]]),
  keys: new Map([
    ['a', keyCounts({ routed: 2, handled: 2 })],
    ['b', keyCounts({ routed: 1, skipped: 1 })],
  ]),
  feedEntries: 2,
  lostNotifications: 0,
};

/**
 * A package of its own below `.cache`, so that compiling disturbs no other spec: its name lets the samples import
 * `nestjs-dispatch` from its `dist`, as they would from an installed package.
 */
let folder: string;

beforeAll(async () => {
  mkdirSync(path.join(ROOT, '.cache'), { recursive: true });
  folder = mkdtempSync(path.join(ROOT, '.cache/samples-'));
  const entries = {
    '.': 'index',
    './bullmq': 'integrations/bullmq/index',
    './postgres': 'integrations/postgres/index',
  };
  const exported = Object.entries(entries).map(([entry, file]) => {
    return [entry, { types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` }];
  });
  writeJson('package.json', { name: 'nestjs-dispatch', type: 'module', exports: Object.fromEntries(exported) });
  writeJson('tsconfig.json', {
    extends: '../../sample/tsconfig.json',
    compilerOptions: { rootDir: '../..', outDir: 'out', paths: PATHS },
    include: ['../../sample'],
  });
  // The types of lib are checked elsewhere; those of the samples are checked here, against the declarations that are made of it.
  await compile('-p', path.join(ROOT, 'lib'), '--noCheck', '--outDir', path.join(folder, 'dist'));
  await compile('-p', folder);
}, TIMEOUT_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the samples', () => {
  it(
    'end with 1 and name the sums that are off, for 01-webhooks where somebody else sends as well',
    async () => {
      const child = spawn(process.execPath, [mainOf('01-webhooks'), '--once'], { stdio: ['ignore', 'pipe', 'ignore'] });
      const ended = once(child, 'close');
      const lines: string[] = [];
      for await (const line of linesOf(child)) {
        lines.push(line);
        const url = /^Sending GitHub's webhooks to (\S+)$/.exec(line)?.[1];
        // The sample has hundreds of messages before it, so this one is among those that are counted.
        if (url !== undefined) await fetch(url, { method: 'POST', body: '{}' });
      }
      expect(lines).toContain('  received: expected 824, counted 825');
      expect(await ended).toEqual([1, null]);
    },
    TIMEOUT_MS,
  );

  // Side by side: what takes the time is that each process loads its modules. Those below that kill workers have the machine to themselves.
  it.concurrent.each(
    ['01-webhooks', '02-orders'].flatMap((name) => [
      { name, options: '--once' },
      { name, options: '--once --queue memory' },
      { name, options: '--once --queue redis' },
      { name, options: '--once --queue postgres' },
    ]),
  )(
    'prints what is expected and ends with 0, for $name $options',
    async ({ name, options }) => {
      const env = { ...process.env, ...SERVERS };
      const { stdout } = await run(process.execPath, [mainOf(name), ...options.split(' ')], { env });
      expect(masked(stdout)).toBe(expectedOf(name));
    },
    TIMEOUT_MS,
  );

  it.each(['redis', 'postgres'])(
    'loses nothing where a worker is killed, for 03-workers --queue %s with a server of its own',
    async (queue) => {
      const { REDIS_URL: _redis, POSTGRES_URL: _postgres, ...env } = process.env;
      const args = [mainOf('03-workers'), '--once', '--queue', queue];
      const { stdout } = await run(process.execPath, args, { env });
      expect(masked(stdout)).toBe(expectedOf('03-workers'));
    },
    TIMEOUT_MS,
  );

  it.each(['redis', 'postgres'])(
    'replays what was given up on, for 05-failures --queue %s',
    async (queue) => {
      const env = { ...process.env, ...SERVERS };
      const { stdout } = await run(process.execPath, [mainOf('05-failures'), '--once', '--queue', queue], { env });
      expect(masked(stdout)).toBe(expectedOf('05-failures'));
    },
    TIMEOUT_MS,
  );

  it.concurrent(
    'prints what is expected and ends with 0, for 04-event-sourced-orders --once',
    async () => {
      const env = { ...process.env, ...SERVERS };
      const { stdout } = await run(process.execPath, [mainOf('04-event-sourced-orders'), '--once'], { env });
      expect(masked(stdout)).toBe(expectedOf('04-event-sourced-orders'));
    },
    TIMEOUT_MS,
  );

  it.concurrent(
    'are run by the beginning of their name',
    async () => {
      const { stdout } = await run(process.execPath, [path.join(folder, 'out/sample/main.js'), '02', '--once']);
      expect(masked(stdout)).toBe(expectedOf('02-orders'));
    },
    TIMEOUT_MS,
  );

  it.concurrent.each([
    {
      args: ['06'],
      text: 'There is no sample 06: there are 01-webhooks, 02-orders, 03-workers, 04-event-sourced-orders, 05-failures.',
    },
    { args: ['02', '--queue', 'kafka'], text: 'There is no --queue kafka: give memory, redis, postgres.' },
    { args: ['03', '--queue', 'memory'], text: 'Processes share no memory: give --queue redis or --queue postgres.' },
    { args: ['05', '--queue', 'memory'], text: 'is a process of its own: give --queue redis or --queue postgres.' },
  ])('say what there is where they are started with $args', async ({ args, text }) => {
    const started = run(process.execPath, [path.join(folder, 'out/sample/main.js'), ...args]);
    await expect(started).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(text) });
  });

  it.each([
    { name: '01-webhooks', signal: 'SIGINT', path: '/webhooks', body: '{}', status: 400 },
    { name: '02-orders', signal: 'SIGTERM', path: '/orders', body: '{}', status: 422 },
    { name: '03-workers', signal: 'SIGTERM', path: '/orders', body: '{ "customer": "zoe" }', status: 422 },
    { name: '04-event-sourced-orders', signal: 'SIGINT', path: '/orders', body: '{}', status: 422 },
    {
      name: '05-failures',
      signal: 'SIGTERM',
      path: '/invoices',
      body: '{ "invoice": "i-8", "cents": "many" }',
      status: 422,
    },
  ] as const)(
    'serves until $signal and then ends with 0, for $name without --once',
    async ({ name, signal, path: served, body, status }) => {
      const env = { ...process.env, ...SERVERS };
      const child = spawn(process.execPath, [mainOf(name)], { stdio: ['ignore', 'pipe', 'ignore'], env });
      const ended = once(child, 'close');
      try {
        const url = await servedUrl(child);
        const answer = await fetch(url, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json' },
        });
        expect({ served: new URL(url).pathname, status: answer.status }).toEqual({ served, status });
        child.kill(signal);
        expect(await ended).toEqual([0, null]);
      } finally {
        child.kill('SIGKILL');
      }
    },
    TIMEOUT_MS,
  );
});

describe('the sums of 01-webhooks', () => {
  it.each<{ fault: string; change: Partial<ServedCounts>; off: string }>([
    { fault: 'a message never arrived', change: { received: 3 }, off: 'received' },
    { fault: 'a message ended twice', change: { skipped: 2 }, off: 'ended' },
    { fault: 'a handler did not do its work', change: { feedEntries: 1 }, off: 'entries of the handlers' },
    { fault: 'a notification was lost', change: { lostNotifications: 1 }, off: 'lost notifications' },
    { fault: 'a forged message was let in', change: { refusals: new Map() }, off: 'tampered with' },
    {
      fault: 'a message was routed to another key',
      change: { keys: new Map([['b', keyCounts({ routed: 3, handled: 2, skipped: 1 })]]) },
      off: 'routed to a',
    },
    {
      fault: 'a routed message did not end',
      change: { keys: new Map([...SERVED.keys, ['a', keyCounts({ routed: 2, handled: 1 })]]) },
      off: 'ended of a',
    },
    { fault: 'a client was told otherwise', change: { handled: 3, skipped: 0 }, off: 'answered with skipped' },
  ])('are off where $fault', ({ change, off }) => {
    const wrong = mismatches(reconcile(SENT, { ...SERVED, ...change }));
    expect(wrong.map(({ what }) => what)).toContain(off);
  });

  it('are named in the report where they are off', () => {
    const sums = reconcile(SENT, { ...SERVED, received: 3 });
    const lines = reportLines({ sent: SENT, served: SERVED, topics: new Map(), sums });
    expect(lines.slice(-2)).toEqual([`1 of ${sums.length} sums are off:`, '  received: expected 4, counted 3']);
  });

  it('match where the server counted what was sent', () => {
    expect(mismatches(reconcile(SENT, SERVED))).toEqual([]);
  });
});

function keyCounts(counts: Partial<KeyCounts>): KeyCounts {
  return { routed: 0, handled: 0, skipped: 0, refused: 0, ...counts };
}

function writeJson(name: string, content: object): void {
  writeFileSync(path.join(folder, name), JSON.stringify(content));
}

async function compile(...args: readonly string[]): Promise<void> {
  await run(process.execPath, [TSC, ...args]).catch((error: { stdout: string }) => {
    throw new Error(`tsc ${args.join(' ')} failed:\n${error.stdout}`, { cause: error });
  });
}

function expectedOf(name: string): string {
  return readFileSync(path.join(ROOT, 'sample', name, 'expected.txt'), 'utf8');
}

function mainOf(name: string): string {
  return path.join(folder, 'out/sample', name, 'main.js');
}

/** What differs from run to run is the port and how long it took. */
function masked(output: string): string {
  return output
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replaceAll(/in \d+ ms: \d+ messages per second/g, 'in <n> ms: <n> messages per second');
}

function linesOf({ stdout }: ChildProcess): AsyncIterable<string> {
  if (stdout === null) throw new Error('The output of the sample is not piped.');
  return createInterface({ input: stdout });
}

/** The address in the line that says that the sample is done with its own messages. */
async function servedUrl(child: ChildProcess): Promise<string> {
  for await (const line of linesOf(child)) {
    const url = /^Serving (\S+) until Ctrl-C$/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error('The sample ended before it served.');
}
