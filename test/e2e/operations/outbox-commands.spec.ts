import { describe, expect, it } from '@jest/globals';
import { Command, Outbox, Transactions } from 'nestjs-dispatch';
import { postgresOutbox } from 'nestjs-dispatch/postgres';

import { runCommandLine } from '../../../lib/cli/command-line.js';
import { freshSchema, SHARED } from '../../integration/postgres/fresh-schema.js';
import { pgTransactions } from '../../integration/postgres/pg-transactions.js';
import { RecordedTerminal, type TypedText } from '../../unit/cli/recorded-terminal.js';
import { start } from '../../unit/dispatcher/application.js';
import { FakeBackend } from '../../unit/run-modes/fake-backend.js';
import { until } from '../../unit/run-modes/queued-application.js';

class Pack extends Command {}

/** An application whose queue refuses everything at first, and a command line that works on it as it runs. */
async function startRefused() {
  const { schema, pool } = freshSchema();
  const backend = new FakeBackend();
  const taken: string[] = [];
  let isBroken = true;
  backend.onEnqueue = async ({ id }) => {
    if (isBroken) return { status: 'refused', error: new RangeError('too \u001b[31mlarge') };
    taken.push(id);
    return { status: 'stored', place: 'default' };
  };
  const { app, dispatcher } = await start({
    options: {
      queue: backend.factory,
      routes: [{ messages: [Pack], queue: 'default' }],
      transactions: { scope: pgTransactions(pool) },
      outbox: { store: postgresOutbox({ connection: SHARED, schema, migrate: true }), maxAttempts: 1, pollEveryMs: 10 },
    },
  });
  await app.get(Transactions).run(() => Promise.all(['a', 'b', 'c'].map((id) => dispatcher.send(new Pack(), { id }))));
  await until('all to be set aside', async () => (await app.get(Outbox).check()).failed === 3);
  const commandLine = async (typed: TypedText, ...args: readonly string[]) => {
    const terminal = new RecordedTerminal(typed);
    const parts = {
      terminal,
      start: () => Promise.resolve({ get: app.get.bind(app), close: () => Promise.resolve() }),
      signal: new AbortController().signal,
    };
    const exitCode = await runCommandLine(['--app', 'app.js', 'outbox', ...args], parts);
    return { exitCode, terminal, json: (): unknown => JSON.parse(terminal.output) };
  };
  const ids = (await app.get(Outbox).failed()).map(({ id }) => id);
  const mend = (): void => {
    isBroken = false;
  };
  return { commandLine, ids, taken, mend };
}

describe('the commands about the outbox', () => {
  it('show what waits and what was set aside, page by page, and as JSON', async () => {
    const { commandLine, ids } = await startRefused();
    const { exitCode, terminal } = await commandLine({}, 'status', '--limit', '2');
    expect(exitCode).toBe(0);
    expect(terminal.results.slice(0, 5)).toEqual([
      'waiting    0',
      'retrying   0',
      'oldest     -',
      'set aside  3',
      'healthy    no',
    ]);
    expect(terminal.results[5]).toMatch(/^ID +QUEUE +MESSAGE +ATTEMPTS +SET ASIDE +ERROR *$/);
    expect(terminal.results.slice(6)).toHaveLength(2);
    expect(terminal.output).not.toContain('\u001b');
    expect(Math.max(...terminal.results.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(terminal.told).toBe(`There may be more: add --page=${ids[1]}`);
    const { json } = await commandLine({}, 'status', '--page', ids[1] ?? '', '--json');
    expect(json()).toMatchObject({ failed: 3, isHealthy: false, failedMessages: [{ id: ids[2], attempts: 1 }] });
  });

  it('put back one message, or several, and say which are none', async () => {
    const { commandLine, ids, taken, mend } = await startRefused();
    mend();
    const [first = '', second = ''] = ids;
    expect((await commandLine({}, 'retry', first)).terminal.results).toEqual(['1 message will be tried again.']);
    await until('it to be taken', () => taken.length === 1);
    const { exitCode, terminal } = await commandLine({}, 'retry', first, second, '--json');
    expect([exitCode, JSON.parse(terminal.output), terminal.told]).toEqual([
      1,
      { retried: 1 },
      `The others of ${first}, ${second} are not set aside.`,
    ]);
  });

  it('put back all, when the person says so', async () => {
    const { commandLine, taken, mend } = await startRefused();
    mend();
    const refused = await commandLine({ answer: 'n' }, 'retry', '--all');
    expect([refused.exitCode, refused.terminal.questions, refused.terminal.told]).toEqual([
      1,
      ['Retry 3 messages? [y/N] '],
      'Nothing was done.',
    ]);
    expect((await commandLine({ answer: 'y' }, 'retry', '--all')).exitCode).toBe(0);
    await until('all to be taken', () => taken.length === 3);
    expect((await commandLine({}, 'retry', '--all', '--yes', '--json')).json()).toEqual({ retried: 0 });
  });

  it.each([
    [['retry'], 'Say which: give ids, or --all.'],
    [['retry', '1', '--all', '--yes'], 'Give ids, or --all: only one of the two.'],
    [['retry', '--all'], 'nobody can be asked: give --yes.'],
    [['status', 'x'], '"x" is one word too many.'],
    [['status', '--limit', '0'], '--limit'],
  ])('are refused before anything is started: %j', async (args, text) => {
    const terminal = new RecordedTerminal();
    const never = () => Promise.reject(new Error('was started'));
    const parts = { terminal, start: never, signal: new AbortController().signal };
    expect(await runCommandLine(['--app', 'app.js', 'outbox', ...args], parts)).toBe(2);
    expect(terminal.told).toContain(text);
  });

  it('say so where the application has no outbox', async () => {
    const { app } = await start();
    const terminal = new RecordedTerminal();
    const parts = {
      terminal,
      start: () => Promise.resolve({ get: app.get.bind(app), close: () => Promise.resolve() }),
      signal: new AbortController().signal,
    };
    expect(await runCommandLine(['--app', 'app.js', 'outbox', 'status'], parts)).toBe(1);
    expect(terminal.told).toContain('There is no outbox');
  });
});
