import { describe, expect, it } from '@jest/globals';
import { Event, Message, Sensitive } from 'nestjs-dispatch';

import { runCommandLine } from '../../../lib/cli/command-line.js';
import { RecordedTerminal, type TypedText } from '../../unit/cli/recorded-terminal.js';
import { deferred } from '../../unit/dispatcher/deferred.js';
import { Closed, LineAdded, Placed } from '../../unit/event-store/shop.js';
import { Ledger, startProjected, until, type ProjectedSetup } from '../../unit/projections/ledger.js';

@Message('shop.paid')
class Paid extends Event {
  @Sensitive()
  readonly card: string;

  constructor(
    readonly amount: number,
    card: string,
  ) {
    super();
    this.card = card;
  }
}

/** An application with a projection, and a command line that works on it as it runs. */
async function startApplication(setup: ProjectedSetup = {}) {
  const application = await startProjected({ ...setup, options: { messages: [Placed, LineAdded, Closed, Paid] } });
  const { app } = application;
  const begin = (args: readonly string[], typed: TypedText, signal: AbortSignal) => {
    const terminal = new RecordedTerminal(typed);
    const start = () => Promise.resolve({ get: app.get.bind(app), close: () => Promise.resolve() });
    return { terminal, ended: runCommandLine(['--app', 'app.js', ...args], { terminal, start, signal }) };
  };
  const commandLine = async (args: readonly string[], typed: TypedText = {}) => {
    const { terminal, ended } = begin(args, typed, new AbortController().signal);
    return { exitCode: await ended, terminal, json: (): unknown => JSON.parse(terminal.output) };
  };
  return { ...application, begin, commandLine };
}

describe('the commands about events', () => {
  it('read shows those of a stream, or of all, in two lines each, what is sensitive masked', async () => {
    const { append, commandLine } = await startApplication();
    await append('order-1', new Placed('ada\u001b[31m'), new Paid(7, '4711'));
    await append('order-2', new Placed('x'.repeat(200)));
    const { exitCode, terminal } = await commandLine(['events', 'read', 'order-1']);
    expect({ exitCode, notes: terminal.notes }).toEqual({ exitCode: 0, notes: [] });
    expect(terminal.results).toEqual([
      expect.stringMatching(/^1 {2}\S+Z {2}order-1 v1 {2}shop\.placed$/),
      expect.stringContaining('"customer":"ada\\u001b[31m"'),
      expect.stringMatching(/^2 {2}\S+Z {2}order-1 v2 {2}shop\.paid$/),
      '  {"amount":7,"card":"[redacted]"}',
    ]);
    const all = await commandLine(['events', 'read', '--name', 'shop.placed', '--json']);
    expect(all.json()).toMatchObject([
      { stream: 'order-1', version: 1, position: 1, payload: { customer: 'ada\u001b[31m' } },
      { stream: 'order-2', version: 1, position: 3 },
    ]);
    const wide = await commandLine(['events', 'read', '--category', 'order', '--position', '2']);
    expect(Math.max(...wide.terminal.results.map((line) => line.length))).toBe(80);
  });

  it('read goes on page by page, and says where there is nothing', async () => {
    const { append, commandLine } = await startApplication();
    await append('order-1', new LineAdded(1), new LineAdded(2), new LineAdded(3));
    const first = await commandLine(['events', 'read', '--limit', '2']);
    expect(first.terminal.notes).toEqual(['There may be more: add --position=2']);
    const second = await commandLine(['events', 'read', 'order-1', '--limit', '2', '--version=2']);
    expect(second.terminal.results[1]).toBe('  {"quantity":2}');
    expect(second.terminal.notes).toEqual(['There may be more: add --version=4']);
    const none = await commandLine(['events', 'read', 'order-1', '--version', '4']);
    expect(none.terminal.notes).toEqual(['There is no event of that kind.']);
  });

  it('read says so where a payload cannot be read, and shows nothing of it', async () => {
    const { store, commandLine } = await startApplication({ projection: { onFailure: 'parkEvent', retries: 0 } });
    const broken = { id: 'e1', name: 'shop.paid', schemaVersion: 1, payload: '{"card":"4711"', metadata: {} };
    await store.append('order-1', [broken], { expectedVersion: 'any' });
    const { exitCode, terminal } = await commandLine(['events', 'read']);
    expect([exitCode, terminal.results[1]]).toEqual([0, '  The payload is no JSON.']);
  });

  it('tail shows what comes, until it is interrupted', async () => {
    const { append, begin } = await startApplication();
    await append('order-1', new LineAdded(1));
    const interruption = new AbortController();
    const { terminal, ended } = begin(['events', 'tail', '--json'], {}, interruption.signal);
    await until('the first event', async () => {
      await append('order-1', new LineAdded(2));
      return terminal.results.length > 0;
    });
    interruption.abort();
    expect(await ended).toBe(0);
    expect(JSON.parse(terminal.results[0] ?? '')).toMatchObject({ stream: 'order-1', payload: { quantity: 2 } });
  });

  it('export prints all as they are stored, on lines or as one list', async () => {
    const { append, commandLine } = await startApplication();
    await append('order-1', new Paid(7, '4711'), new LineAdded(1));
    const lines = await commandLine(['events', 'export']);
    expect(lines.terminal.results.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { position: 1, payload: '{"amount":7,"card":"4711"}' },
      { position: 2, metadata: { correlationId: expect.any(String) } },
    ]);
    expect((await commandLine(['events', 'export', '--json'])).json()).toMatchObject([
      { position: 1 },
      { position: 2 },
    ]);
    expect((await commandLine(['events', 'export', '--json', '--name', 'none'])).json()).toEqual([]);
  });

  it('export ends with 1 where it was interrupted', async () => {
    const { append, begin } = await startApplication();
    await append('order-1', new LineAdded(1));
    const { terminal, ended } = begin(['events', 'export', '--json'], {}, AbortSignal.abort());
    expect([await ended, JSON.parse(terminal.output), terminal.notes]).toEqual([
      1,
      [],
      ['It was stopped before all were printed.'],
    ]);
  });

  it('end with 1 where the stream was deleted', async () => {
    const { events, append, commandLine } = await startApplication();
    await append('order-1', new LineAdded(1));
    await events.delete('order-1');
    const { exitCode, terminal } = await commandLine(['events', 'read', 'order-1']);
    expect({ exitCode, results: terminal.results }).toEqual({ exitCode: 1, results: [] });
    expect(terminal.told).toContain('deleted');
  });
});

describe('the commands about projections', () => {
  it('list shows how each is in 80 columns, and why one is stopped', async () => {
    const ledger = new Ledger();
    const { append, projections, commandLine } = await startApplication({ ledger, projection: { retries: 0 } });
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1)));
    ledger.onEvent = () => {
      throw new Error('no\u001b[31m room');
    };
    await append('order-1', new LineAdded(2));
    await until('the stop', async () => (await projections.list())[0]?.state === 'stopped');
    const { exitCode, terminal } = await commandLine(['projections', 'list']);
    expect(exitCode).toBe(0);
    expect(terminal.results[0]).toMatch(/^PROJECTION +STATE +VERSION +TARGET +POSITION +LAG +PARKED +BUILD$/);
    expect(terminal.results[1]).toMatch(/^ledger +stopped +1 +blue +1 +1 +0 +-$/);
    expect(terminal.notes).toEqual([expect.stringMatching(/^ledger is stopped: .*no\\x1b\[31m room$/)]);
    expect((await commandLine(['projections', 'list', '--json'])).json()).toMatchObject([
      { name: 'ledger', state: 'stopped', lag: 1, isHealthy: false },
    ]);
    ledger.onEvent = undefined;
    const resumed = await commandLine(['projections', 'resume', 'ledger']);
    expect(resumed.terminal.results).toEqual(['ledger goes on.']);
    await projections.whenCaughtUp('ledger', 2);
    expect((await commandLine(['projections', 'resume', 'ledger', '--json'])).json()).toEqual({
      projection: 'ledger',
      isResumed: false,
    });
  });

  it('rebuild shows how far it is in one line, and what is read then', async () => {
    const { append, projections, commandLine } = await startApplication({ projection: { batchSize: 2 } });
    await projections.whenCaughtUp('ledger', await append('order-1', ...[1, 2, 3, 4, 5].map((n) => new LineAdded(n))));
    const { exitCode, terminal } = await commandLine(['projections', 'rebuild', 'ledger']);
    expect([exitCode, terminal.output]).toEqual([0, 'ledger is read from green now, at position 5.']);
    expect(terminal.progressLines[0]).toMatch(/^ledger \[\.+\] 0 % {2}0 of 5$/);
    expect(terminal.progressLines.at(-1)).toBe('');
    expect(terminal.progressLines[0]).toHaveLength(79);
    expect((await commandLine(['projections', 'rebuild', 'ledger', '--json'])).json()).toEqual({
      projection: 'ledger',
      target: 'blue',
      position: 5,
    });
  });

  it('rebuild leaves what is read where it is interrupted, or fails, and ends with 1', async () => {
    const ledger = new Ledger();
    const { append, projections, begin, commandLine } = await startApplication({ ledger, projection: { retries: 0 } });
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1)));
    const [begun, free] = [deferred(), deferred()];
    ledger.onEvent = async () => {
      begun.resolve();
      await free.promise;
      throw new Error('not again');
    };
    const interruption = new AbortController();
    const { terminal, ended } = begin(['projections', 'rebuild', 'ledger'], {}, interruption.signal);
    await begun.promise;
    interruption.abort();
    free.resolve();
    expect(await ended).toBe(1);
    expect(terminal.notes).toEqual(['It was stopped: what was there before is read as before.']);
    const failed = await commandLine(['projections', 'rebuild', 'ledger']);
    expect([failed.exitCode, failed.terminal.told]).toEqual([1, expect.stringContaining('not again')]);
    expect(await projections.active('ledger')).toBe('blue');
  });

  it('reset asks first, and has everything written again', async () => {
    const { append, projections, commandLine, ledger } = await startApplication();
    expect((await commandLine(['projections', 'reset', 'ledger', '--yes', '--json'])).exitCode).toBe(0);
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1)));
    const refused = await commandLine(['projections', 'reset', 'ledger'], { answer: 'n' });
    expect([refused.exitCode, refused.terminal.notes]).toEqual([1, ['Nothing was done.']]);
    expect(refused.terminal.questions).toHaveLength(1);
    const agreed = await commandLine(['projections', 'reset', 'ledger'], { answer: 'y' });
    expect([agreed.exitCode, agreed.terminal.output]).toEqual([0, 'ledger is written again from the start.']);
    await projections.whenCaughtUp('ledger', 1);
    expect(ledger.entries['blue']).toEqual(['order-1 1 1']);
  });

  it('retry has parked events tried again', async () => {
    const ledger = new Ledger();
    ledger.onEvent = () => {
      throw new Error('no room');
    };
    const setup = { ledger, projection: { retries: 0, onFailure: 'parkEvent' } } as const;
    const { append, projections, commandLine } = await startApplication(setup);
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1)));
    ledger.onEvent = undefined;
    const none = await commandLine(['projections', 'retry', 'ledger', '--stream', 'order-2', '--json']);
    expect(none.json()).toEqual({ projection: 'ledger', asked: 0 });
    const { terminal } = await commandLine(['projections', 'retry', 'ledger']);
    expect(terminal.results).toEqual(['1 parked event of ledger will be tried again.']);
    await until('the event', () => ledger.entries['blue']?.length === 1);
  });

  it.each(['rebuild', 'resume', 'retry'])(
    '%s ends with 1 for one that is not there, and names those there are',
    async (command) => {
      const { commandLine } = await startApplication();
      const { exitCode, terminal } = await commandLine(['projections', command, 'nobody']);
      expect([exitCode, terminal.told]).toEqual([1, expect.stringContaining('it has ledger')]);
    },
  );
});
