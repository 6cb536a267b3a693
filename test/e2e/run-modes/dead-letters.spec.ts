import { describe, expect, it, jest } from '@jest/globals';
import {
  DeadLetterDiscardedNotification,
  DeadLetterReplayedNotification,
  DeadLetters,
  QueueNotConfiguredError,
  type DeadLetter,
} from 'nestjs-dispatch';

import { rejectionOf, start } from '../../unit/dispatcher/application.js';
import { collect, until } from '../../unit/run-modes/queued-application.js';
import { flawsOf, parkAll, Ship, Shipped, startLetters } from './letters.js';
import { QUEUED_MODES } from './modes.js';

const NOTHING_WRONG = { following: 0, failed: 0, errors: [], isDryRun: false, isStopped: false };

describe.each(QUEUED_MODES)('dead letters behind $name', (mode) => {
  it('replays one: under its ids, its correlation and its receipt, with attempts from 1', async () => {
    const application = await startLetters(mode, { settings: { maxAttempts: 2, backoffMs: 0 } });
    const { dispatcher, letters, faults, queue } = application;
    faults.broken.add('lorry');
    const receipt = await dispatcher.send(new Ship('lorry'), { correlationId: 'c-1' });
    expect(await rejectionOf(receipt.result())).toMatchObject({ code: 'NO_COURIER' });
    const [letter] = (await letters.list({ queue })).letters;
    expect(letter).toMatchObject({
      queue,
      place: 'failed',
      handler: 'ShipHandler',
      attempts: 2,
      error: { name: 'CourierError', code: 'NO_COURIER', message: 'no courier for lorry 配達' },
      message: { name: 'letters.ship', kind: 'command', id: receipt.messageId, headers: { correlationId: 'c-1' } },
    });
    expect(letter && letter.firstFailedAt <= letter.lastFailedAt).toBe(true);
    expect(await letters.get(letter?.id ?? '')).toEqual(letter);
    faults.broken.clear();
    const told = collect(application, DeadLetterReplayedNotification);
    expect(await letters.replay(letter?.id ?? '')).toEqual({ matched: 1, replayed: 1, ...NOTHING_WRONG });
    expect(await receipt.result()).toBe('shipped lorry at 2024-05-06T07:08:09.010Z');
    expect(faults.begun).toEqual(['lorry 1 c-1', 'lorry 2 c-1', 'lorry 1 c-1']);
    await until('the notification', () => told.length === 1);
    expect(told).toMatchObject([{ letterId: letter?.id, queue, messageName: 'letters.ship', isEdited: false }]);
    expect(await letters.count({ queue })).toBe(0);
  });

  it('parks a message again that fails again, with its new attempts', async () => {
    const application = await startLetters(mode);
    const { letters, faults, queue } = application;
    await parkAll(application, ['lorry']);
    const [first] = (await letters.list({ queue })).letters;
    await letters.replay(first?.id ?? '');
    await until('it to fail again', () => faults.begun.length === 2);
    await until('it to be parked again', async () => (await letters.count({ queue })) === 1);
    const [second] = (await letters.list({ queue })).letters;
    expect([second?.id, second?.attempts]).toEqual([first?.id, 1]);
    expect(second && first && second.lastFailedAt >= first.lastFailedAt).toBe(true);
  });

  it('replays a group, the oldest first, and leaves the others', async () => {
    const application = await startLetters(mode);
    const { letters, faults, queue } = application;
    await parkAll(application, ['a', 'b', 'c']);
    await parkAll(application, ['d'], (flaw) => new Shipped(flaw));
    const groups = await letters.groups({ queue });
    expect(groups.map(({ message, error, count }) => ({ message, error, count }))).toEqual([
      { message: 'letters.ship', error: 'CourierError', count: 3 },
      { message: 'Shipped', error: 'CourierError', count: 1 },
    ]);
    expect(groups[0]?.frame).toMatch(/letters\.ts:\d+/);
    expect(groups[0]?.sample).toBe((await letters.list({ queue, message: 'letters.*' })).letters[0]?.id);
    faults.begun.length = 0;
    faults.broken.clear();
    const report = await letters.replay({ cause: groups[0]?.cause ?? '' });
    expect(report).toEqual({ matched: 3, replayed: 3, ...NOTHING_WRONG });
    await until('all to run', () => faults.begun.length === 3);
    expect(faults.begun.map((line) => line[0])).toEqual(['a', 'b', 'c']);
    expect(flawsOf((await letters.list({ queue })).letters)).toEqual(['d']);
  });

  it('replays no more in a second than it is told to, and no more in all', async () => {
    const application = await startLetters(mode);
    const { letters, faults, queue } = application;
    await parkAll(application, ['a', 'b', 'c', 'd']);
    faults.broken.clear();
    const startedAt = performance.now();
    const report = await letters.replay({ queue }, { ratePerSecond: 20, limit: 3 });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
    expect(report).toEqual({ matched: 4, replayed: 3, ...NOTHING_WRONG });
    expect(flawsOf((await letters.list({ queue })).letters)).toEqual(['d']);
  });

  it('ends between two letters where the signal aborts, or the application closes', async () => {
    const application = await startLetters(mode);
    const { app, letters, queue } = application;
    await parkAll(application, ['a', 'b', 'c']);
    const stopping = new AbortController();
    const replay = letters.replay({ queue }, { ratePerSecond: 0.01, signal: stopping.signal });
    await until(
      'one to be replayed',
      async () => (await letters.count({ queue })) < 3 || stopping.abort() === undefined,
    );
    stopping.abort();
    expect(await replay).toMatchObject({ matched: 3, isStopped: true });
    await until('what was replayed to be parked again', async () => (await letters.count({ queue })) === 3);
    const another = letters.replay({ queue }, { ratePerSecond: 0.01 });
    await letters.count({ queue });
    await app.close();
    expect(await another).toMatchObject({ isStopped: true, failed: 0 });
  });

  it('counts one that somebody else took meanwhile as failed, and does it once', async () => {
    const application = await startLetters(mode);
    const { letters, faults, queue } = application;
    await parkAll(application, ['a']);
    const [letter] = (await letters.list({ queue })).letters;
    faults.broken.clear();
    const id = letter?.id ?? '';
    const reports = [await letters.replay(id), await letters.replay(id), await letters.discard(id, { reason: 'late' })];
    expect(reports).toMatchObject([
      { matched: 1, replayed: 1, failed: 0 },
      { matched: 1, replayed: 0, failed: 1, errors: [{ id, error: { code: 'DISPATCH_DEAD_LETTER_GONE' } }] },
      { matched: 1, discarded: 0, failed: 1, errors: [{ id, error: { code: 'DISPATCH_DEAD_LETTER_GONE' } }] },
    ]);
    const dry = { matched: 0, failed: 0, errors: [], isDryRun: true };
    expect(await letters.replay(id, { dryRun: true })).toMatchObject({ ...dry, replayed: 0 });
    expect(await letters.discard(id, { reason: 'late', dryRun: true })).toMatchObject({ ...dry, discarded: 0 });
    await until('it to run', () => faults.begun.length === 2);
  });

  it('replays with other headers and another payload, and refuses what cannot be stored', async () => {
    const application = await startLetters(mode);
    const { dispatcher, letters, faults, queue } = application;
    faults.broken.add('lorry');
    const receipt = await dispatcher.send(new Ship('lorry'), { headers: { tenant: 'north', user: 'ann' } });
    await until('it to be parked', async () => (await letters.count({ queue })) === 1);
    const letter = (await letters.list({ queue })).letters[0] as DeadLetter;
    const dated = { flaw: 'train', at: { '$dispatch:date': '2030-01-01T00:00:00.000Z' } };
    expect(letter.message?.payload).toEqual({ flaw: 'lorry', at: { '$dispatch:date': '2024-05-06T07:08:09.010Z' } });
    const refused = await letters.replay(letter.id, { edit: { payload: { big: 'x'.repeat(2_000_000) } } });
    expect(refused).toMatchObject({ failed: 1, errors: [{ error: { code: 'DISPATCH_DEAD_LETTER_NOT_REPLAYABLE' } }] });
    for (const payload of [[1], 'lorry', null, { '$dispatch:date': '2030-01-01T00:00:00.000Z' }]) {
      const error = { code: 'DISPATCH_DEAD_LETTER_NOT_REPLAYABLE' };
      expect(await letters.replay(letter.id, { edit: { payload } })).toMatchObject({ failed: 1, errors: [{ error }] });
    }
    expect(await letters.count({ queue })).toBe(1);
    const edit = { headers: { tenant: 'süd', user: null }, payload: dated };
    expect(await letters.replay(letter.id, { edit })).toMatchObject({ replayed: 1 });
    expect(await receipt.result()).toBe('shipped train at 2030-01-01T00:00:00.000Z');
    faults.broken.add('train');
    expect(faults.begun.at(-1)).toBe(`train 1 ${letter.message?.headers.correlationId}`);
  });

  it('discards with a reason, purges what is old, and does neither in a dry run', async () => {
    const application = await startLetters(mode);
    const { letters, queue } = application;
    await parkAll(application, ['a', 'b', 'c']);
    const told = collect(application, DeadLetterDiscardedNotification);
    const dry = { replayed: undefined, isDryRun: true, failed: 0 };
    expect(await letters.discard({ queue }, { reason: 'x', dryRun: true })).toMatchObject({ matched: 3, discarded: 0 });
    expect(await letters.replay({ queue }, { dryRun: true })).toMatchObject({ ...dry, matched: 3, replayed: 0 });
    expect(await letters.purge({ olderThanMs: 60_000 })).toMatchObject({ matched: 0, discarded: 0 });
    expect(await letters.count({ queue })).toBe(3);
    const [newest] = (await letters.list({ queue })).letters;
    expect(await letters.discard(newest?.id ?? '', { reason: 'a test' })).toMatchObject({ matched: 1, discarded: 1 });
    const { letters: left } = await letters.list({ queue });
    expect(flawsOf(left)).toEqual(['b', 'a']);
    // In the very millisecond in which the last of them was parked.
    const now = jest.spyOn(Date, 'now').mockReturnValue(left[0]?.lastFailedAt.getTime() ?? NaN);
    const purged = await letters.purge({ olderThanMs: 0, filter: { queue } }).finally(() => now.mockRestore());
    expect(purged).toMatchObject({ matched: 2, discarded: 2 });
    expect(await letters.count({ queue })).toBe(0);
    await until('the notifications', () => told.length === 3);
    expect(told[0]).toMatchObject({ letterId: newest?.id, reason: 'a test', messageName: 'letters.ship', queue });
    expect(told[1]?.reason).toBe('parked for 0 ms or longer');
  });
});

describe('dead letters', () => {
  it.each<[string, (letters: DeadLetters) => Promise<unknown>, string]>([
    ['no target', (letters) => letters.replay(undefined as never), 'it is not said which letters are meant'],
    ['an empty id', (letters) => letters.replay(''), 'the id of a letter is empty'],
    ['an unknown field', (letters) => letters.list({ colour: 'red' } as never), 'the unknown field "colour"'],
    [
      'a place that is none',
      (letters) => letters.count({ place: 'attic' as never }),
      'place "attic": there are failed',
    ],
    ['a text that is none', (letters) => letters.groups({ key: 7 as never }), 'the filter has key 7, not a text'],
    ['a broken pattern', (letters) => letters.count({ message: 'a*' }), 'message that cannot be: "a*"'],
    ['a wrong date', (letters) => letters.count({ parkedAfter: new Date('x') }), 'parkedAfter an invalid date'],
    ['a limit of 0', (letters) => letters.list({}, { limit: 0 }), '"limit" is 0, not a whole number from 1 to 1000'],
    ['a limit of 1001', (letters) => letters.list({}, { limit: 1001 }), '"limit" is 1001'],
    ['a cursor that is none', (letters) => letters.list({}, { after: 'e30' }), '"after" is "e30", not the "next"'],
    [
      'a rate of 0',
      (letters) => letters.replay({}, { ratePerSecond: 0 }),
      '"ratePerSecond" is 0, not a number above 0',
    ],
    ['an edit of many', (letters) => letters.replay({}, { edit: { headers: {} } }), '"edit" changes one letter'],
    [
      'a header that is no text',
      (letters) => letters.replay('x', { edit: { headers: { a: 1 as never } } }),
      '"edit" is an object, whose headers are not texts',
    ],
    ['an unknown option', (letters) => letters.replay({}, { rate: 1 } as never), '"rate" is unknown'],
    ['no reason', (letters) => letters.discard({}, {} as never), '"reason" is missing'],
    ['an age that is none', (letters) => letters.purge({ olderThanMs: -1 }), '"olderThanMs" is -1'],
  ])('refuse %s', async (_what, ask, text) => {
    const { letters } = await startLetters(QUEUED_MODES[0] as (typeof QUEUED_MODES)[0]);
    const error = await rejectionOf(ask(letters));
    expect(error).toMatchObject({ code: 'DISPATCH_INVALID_DEAD_LETTER_QUERY' });
    expect(String(error)).toContain(text);
  });

  it('are not there without a queue', async () => {
    const { app } = await start();
    expect(await rejectionOf(app.get(DeadLetters).list())).toBeInstanceOf(QueueNotConfiguredError);
  });
});
