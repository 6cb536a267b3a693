import { describe, expect, it, jest } from '@jest/globals';
import {
  DeadLetterDiscardedNotification,
  DeadLettersAlertNotification,
  inMemoryDeadLetters,
  Queues,
  type DeadLetterStore,
  type KeptDeadLetter,
} from 'nestjs-dispatch';
import { postgresDeadLetters } from 'nestjs-dispatch/postgres';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { collect, until } from '../../unit/run-modes/queued-application.js';
import { Count, flawsOf, parkAll, Ship, startLetters, type LetterApplication } from './letters.js';
import { QUEUED_MODES, type Mode } from './modes.js';
import { Journal } from './orders.js';

type MakeStore = () => DeadLetterStore;

const inPostgres: MakeStore = () =>
  postgresDeadLetters({ connection: process.env['TEST_POSTGRES_URL'] ?? '', schema: 'test_letters', migrate: true });

const CASES: readonly (readonly [string, string, Mode, MakeStore])[] = QUEUED_MODES.flatMap((mode) => [
  ['in memory', mode.name, mode, inMemoryDeadLetters] as const,
  ['on Postgres', mode.name, mode, inPostgres] as const,
]);

/** Starts with a store of its own. */
function startStored(mode: Mode, store: DeadLetterStore): Promise<LetterApplication> {
  const settings = { maxAttempts: 2, backoffMs: 0, lockMs: 200 };
  return startLetters(mode, { options: { deadLetters: { store } }, settings });
}

/** A store that is down for so many calls. */
function failing(
  store: DeadLetterStore,
  times: number,
): { readonly store: DeadLetterStore; readonly refused: KeptDeadLetter[] } {
  const refused: KeptDeadLetter[] = [];
  const park = (letter: KeptDeadLetter): Promise<void> => {
    if (refused.length >= times) return store.park(letter);
    refused.push(letter);
    return Promise.reject(new Error('the archive is closed'));
  };
  return { store: { ...bound(store), park }, refused };
}

function bound(store: DeadLetterStore): Omit<DeadLetterStore, 'park'> {
  return {
    isShared: store.isShared,
    page: (request) => store.page(request),
    get: (id) => store.get(id),
    remove: (id, at) => store.remove(id, at),
    count: (of) => store.count(of),
    close: async () => store.close?.(),
  };
}

describe.each(CASES)('a store of dead letters %s beside %s', (_place, _name, mode, makeStore) => {
  it('keeps what a message failed with; the queue keeps nothing, and its caller is told', async () => {
    const application = await startStored(mode, makeStore());
    const { app, dispatcher, letters, faults, queue } = application;
    faults.broken.add('lorry');
    const failure = rejectionOf(dispatcher.execute(new Ship('lorry'), { correlationId: 'c-1', timeoutMs: 10_000 }));
    expect(await failure).toMatchObject({ name: 'CourierError', code: 'NO_COURIER' });
    expect(await letters.count({ queue })).toBe(1);
    const [letter] = (await letters.list({ queue, key: 'none' })).letters;
    expect(letter).toBeUndefined();
    expect((await letters.list({ queue })).letters).toMatchObject([
      { handler: 'ShipHandler', attempts: 2, place: 'failed', message: { headers: { correlationId: 'c-1' } } },
    ]);
    const counts = await app.get(Queues).counts(queue);
    expect(counts.parked).toEqual({ failed: 0, unreadable: 0, unhandled: 0, invalid: 0 });
  });

  it('gives a message back to its queue, again and again, edited too, and discards it', async () => {
    const application = await startStored(mode, makeStore());
    const { letters, faults, queue } = application;
    await parkAll(application, ['a', 'b']);
    expect(flawsOf((await letters.list({ queue })).letters)).toEqual(['b', 'a']);
    faults.begun.length = 0;
    for (let times = 1; times <= 3; times++) {
      expect(await letters.replay({ queue, text: 'for a' })).toMatchObject({ replayed: 1, failed: 0 });
      await until('it to fail again', () => faults.begun.length === times * 2);
      await until('it to be kept again', async () => (await letters.count({ queue })) === 2);
    }
    expect(faults.begun.map((line) => line.slice(0, 3))).toEqual(['a 1', 'a 2', 'a 1', 'a 2', 'a 1', 'a 2']);
    const [newest] = (await letters.list({ queue })).letters;
    expect(flawsOf(newest === undefined ? [] : [newest])).toEqual(['a']);
    const edit = { payload: { flaw: 'c', at: { '$dispatch:date': '2030-01-01T00:00:00.000Z' } } };
    expect(await letters.replay(newest?.id ?? '', { edit })).toMatchObject({ replayed: 1 });
    await until('it to be handled', () => faults.begun.at(-1)?.startsWith('c 1') === true);
    expect(await letters.discard({ queue }, { reason: 'a test' })).toMatchObject({ discarded: 1, failed: 0 });
    expect(await letters.count({ queue })).toBe(0);
  });

  it('is counted where too many dead letters raise an alert', async () => {
    const deadLetters = { store: makeStore(), alertAbove: 0, checkEveryMs: 10 };
    const application = await startLetters(mode, { options: { deadLetters } });
    const alerts = collect(application, DeadLettersAlertNotification);
    await parkAll(application, ['a']);
    await until('the alert', () => alerts.length === 1);
    expect(alerts[0]).toMatchObject({ queue: application.queue, count: 1, limit: 0 });
  });

  it('takes what never reached a handler, too', async () => {
    const application = await startStored(mode, makeStore());
    const { app, dispatcher, letters, queue } = application;
    await dispatcher.send(Count.of('many'));
    await until('it to be kept', async () => (await letters.count({ queue, place: 'invalid' })) === 1);
    const [letter] = (await letters.list({ queue })).letters;
    expect(await letters.replay(letter?.id ?? '', { edit: { payload: { count: 3 } } })).toMatchObject({ replayed: 1 });
    await until('it to be handled', () => app.get(Journal).entries.join() === '3');
  });

  it('leaves a message in its queue while it is down, uncounted, and the next one comes after (symfony/symfony#64865)', async () => {
    const { store, refused } = failing(makeStore(), 2);
    const application = await startStored(mode, store);
    const { dispatcher, letters, faults, log, queue } = application;
    faults.broken.add('lorry');
    await dispatcher.send(new Ship('lorry'), { key: 'k' });
    await dispatcher.send(new Ship('train'), { key: 'k' });
    await until('it to be kept', async () => (await letters.count({ queue })) === 1);
    expect(refused).toHaveLength(2);
    // Its two attempts, and none for the store.
    expect(faults.begun.filter((line) => line.startsWith('lorry'))).toHaveLength(2);
    expect(JSON.stringify(log)).toContain('the archive is closed');
    await until('the next to be handled', () => faults.begun.some((line) => line.startsWith('train 1')));
    expect(faults.begun.at(-1)).toMatch(/^train 1/);
  });
});

describe('a store of dead letters in memory', () => {
  it('is not asked to remove a letter that was parked since it was matched', async () => {
    const store = inMemoryDeadLetters();
    const page: DeadLetterStore['page'] = async (request) => {
      const found = await store.page(request);
      // It is replayed by somebody else, and fails again, before it comes to its turn.
      for (const { letter } of found) await store.park({ ...letter, lastFailedAt: new Date(Date.now() + 1000) });
      return found;
    };
    const application = await startStored(QUEUED_MODES[0] as Mode, {
      ...bound(store),
      park: (letter) => store.park(letter),
      page,
    });
    await parkAll(application, ['a']);
    expect(await application.letters.discard({}, { reason: 'old' })).toMatchObject({ discarded: 0, failed: 1 });
    expect(await application.letters.count({})).toBe(1);
  });

  it('has an edit sent though a replay without it was interrupted', async () => {
    const store = inMemoryDeadLetters();
    let isAway = true;
    const remove: DeadLetterStore['remove'] = async (...letter) => {
      if (isAway) throw new Error('the archive is closed');
      return store.remove(...letter);
    };
    const application = await startStored(QUEUED_MODES[0] as Mode, {
      ...bound(store),
      park: (letter) => store.park(letter),
      remove,
    });
    const { app, letters, faults, queue } = application;
    await parkAll(application, ['a']);
    await app.get(Queues).pause(queue);
    expect(await letters.replay({})).toMatchObject({ replayed: 0, failed: 1 });
    isAway = false;
    const [letter] = (await letters.list({})).letters;
    const edit = { payload: { flaw: 'c', at: { '$dispatch:date': '2030-01-01T00:00:00.000Z' } } };
    expect(await letters.replay(letter?.id ?? '', { edit })).toMatchObject({ replayed: 1 });
    await app.get(Queues).resume(queue);
    await until('the edited one to be handled', () => faults.begun.some((line) => line.startsWith('c 1')));
  });

  it('loses none to a discard or a purge that is called off', async () => {
    const application = await startStored(QUEUED_MODES[0] as Mode, inMemoryDeadLetters());
    const { letters } = application;
    await parkAll(application, ['a', 'b']);
    const signal = AbortSignal.abort();
    expect(await letters.discard({}, { reason: 'a mistake', signal })).toMatchObject({ discarded: 0, isStopped: true });
    expect(await letters.purge({ olderThanMs: 0, signal })).toMatchObject({ discarded: 0, isStopped: true });
    expect(await letters.count({})).toBe(2);
  });

  it('that cannot be closed is told of, and all else is closed', async () => {
    const close = (): Promise<void> => Promise.reject(new Error('the archive is locked'));
    const store = inMemoryDeadLetters();
    const own = { ...bound(store), park: (letter: KeptDeadLetter) => store.park(letter), close };
    const { app, log } = await startStored(QUEUED_MODES[0] as Mode, own);
    await app.close();
    expect(log.lines.join()).toContain('Could not close the store of "deadLetters": the archive is locked');
  });

  it('is warned of beside a queue that outlives it, and only there', async () => {
    for (const mode of QUEUED_MODES) {
      const { log } = await startStored(mode, inMemoryDeadLetters());
      const warnings = log.lines.filter((line) => line.includes('Dead letters are in the memory of this process'));
      expect(warnings).toHaveLength(mode.name.includes('BullMQ') ? 1 : 0);
    }
  });

  it('keeps the newest, as many as it may, and tells of the others', async () => {
    const store = inMemoryDeadLetters({ max: 2 });
    const application = await startStored(QUEUED_MODES[0] as Mode, store);
    await parkAll(application, ['a', 'b']);
    const [first] = (await application.letters.list({})).letters.toReversed();
    const told = collect(application, DeadLetterDiscardedNotification);
    application.faults.broken.add('c');
    await application.dispatcher.send(new Ship('c'));
    const flaws = async (): Promise<string[]> => flawsOf((await application.letters.list({})).letters);
    await until('the third to be kept', async () => (await flaws()).includes('c'));
    expect(await flaws()).toEqual(['c', 'b']);
    await until('it to be told', () => told.length > 0);
    expect(told).toMatchObject([
      {
        letterId: first?.id,
        queue: application.queue,
        messageName: 'letters.ship',
        messageId: first?.message?.id,
        reason: 'more than 2 letters',
      },
    ]);
  });

  it('keeps a message that fails again before its letter is removed, also in the same millisecond', async () => {
    const store = inMemoryDeadLetters();
    const parked: KeptDeadLetter[] = [];
    const park = (letter: KeptDeadLetter): Promise<void> => store.park(letter).then(() => void parked.push(letter));
    const remove = async (id: string, at: Date): Promise<boolean> => {
      await until('it to be parked again', () => parked.length === 2);
      return store.remove(id, at);
    };
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    const slow = { ...bound(store), park, remove };
    const { dispatcher, letters, faults } = await startStored(QUEUED_MODES[0] as Mode, slow);
    faults.broken.add('a');
    await dispatcher.send(new Ship('a'));
    await until('it to be parked', () => parked.length === 1);
    expect(await letters.replay({})).toMatchObject({ matched: 1, replayed: 1, failed: 0 });
    expect(flawsOf((await letters.list({})).letters)).toEqual(['a']);
    now.mockRestore();
  });

  it('is not made for less than one', () => {
    expect(() => inMemoryDeadLetters({ max: 0 })).toThrow('"max" is 0, not a whole number from 1');
  });
});
