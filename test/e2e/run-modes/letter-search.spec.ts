import { randomUUID } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { DeadLettersAlertNotification, Queues, type DeadLetter, type DeadLetterFilter } from 'nestjs-dispatch';

import { collect, until } from '../../unit/run-modes/queued-application.js';
import { Bill, Count, flawsOf, parkAll, Ship, Shipped, startLetters } from './letters.js';
import { newQueue, QUEUED_MODES, SHARED_MODES, startIn } from './modes.js';
import { Journal } from './orders.js';

describe.each(QUEUED_MODES)('searching dead letters behind $name', (mode) => {
  it('finds them by each field', async () => {
    const application = await startLetters(mode);
    const { dispatcher, letters, faults, queue } = application;
    faults.broken.add('lorry');
    const headers = { tags: 'vip , 日本, vip', tenant: 'north' };
    await dispatcher.send(new Ship('lorry'), { headers, correlationId: 'c-ü', key: 'k/1' });
    await until('it to be parked', async () => (await letters.count({ queue })) === 1);
    await parkAll(application, ['bill'], (flaw) => new Bill(flaw));
    await parkAll(application, ['told'], (flaw) => new Shipped(flaw));
    const all = (await letters.list({ queue })).letters;
    expect(flawsOf(all)).toEqual(['told', 'bill', 'lorry']);
    const [told, bill, lorry] = all as [DeadLetter, DeadLetter, DeadLetter];
    expect([lorry.tags, bill.tags, bill.label]).toEqual([['vip', '日本'], ['bank'], 'bank']);
    const expected: [DeadLetterFilter, string[]][] = [
      [{ place: 'failed' }, ['told', 'bill', 'lorry']],
      [{ place: 'invalid' }, []],
      [{ label: 'bank' }, ['bill']],
      [{ message: 'letters.*' }, ['bill', 'lorry']],
      [{ message: 'Shipped' }, ['told']],
      [{ handler: 'TellCustomer' }, ['told']],
      [{ error: 'CourierError', text: 'FOR LORRY 配達' }, ['lorry']],
      [{ error: 'Error' }, []],
      [{ code: 'NO_COURIER', key: 'k/1' }, ['lorry']],
      [{ correlationId: 'c-ü' }, ['lorry']],
      [{ cause: bill.cause }, ['bill']],
      [{ tag: '日本' }, ['lorry']],
      [{ tag: 'bank' }, ['bill']],
      [{ parkedAfter: bill.lastFailedAt }, ['told', 'bill']],
      [{ parkedBefore: bill.lastFailedAt }, ['lorry']],
      [{ parkedAfter: told.lastFailedAt, parkedBefore: told.lastFailedAt }, []],
    ];
    for (const [filter, flaws] of expected) {
      const found = await letters.list({ queue, ...filter });
      expect([filter, flawsOf(found.letters), found.next]).toEqual([filter, flaws, undefined]);
      expect([filter, await letters.count({ queue, ...filter })]).toEqual([filter, flaws.length]);
    }
    expect(await letters.list({ queue: 'none-of-that-name' })).toEqual({ letters: [], next: undefined });
    expect(await letters.get(`failed~none-of-that-name~${randomUUID()}`)).toBeUndefined();
    expect(await letters.get('no letter at all')).toBeUndefined();
  });

  it('pages through 250 of them, while some are replayed and others parked', async () => {
    const application = await startLetters(mode, { settings: { concurrency: 8, lanes: 2 } });
    const { dispatcher, letters, faults, queue } = application;
    const flaws = Array.from({ length: 250 }, (_, index) => `f${index}`);
    for (const flaw of flaws) faults.broken.add(flaw);
    const sent = flaws.map((flaw, index) => dispatcher.send(new Ship(flaw), index % 5 === 0 ? { key: flaw } : {}));
    await Promise.all(sent);
    await until('all to be parked', async () => (await letters.count({ queue })) === 250);
    const seen: DeadLetter[] = [];
    let after: string | undefined;
    do {
      const page = await letters.list({ queue }, { limit: 60, ...(after !== undefined && { after }) });
      seen.push(...page.letters);
      after = page.next;
      if (after === undefined) break;
      faults.broken.delete(flawsOf(page.letters)[0] ?? '');
      await letters.replay(page.letters[0]?.id ?? '');
      await parkAll(application, [`late${seen.length}`]);
    } while (seen.length < 1000);
    expect(new Set(flawsOf(seen))).toEqual(new Set(flaws));
    expect(seen).toHaveLength(flaws.length);
    const times = seen.map(({ lastFailedAt }) => lastFailedAt.getTime());
    expect(times).toEqual(times.toSorted((one, other) => other - one));
    expect((await letters.groups({ queue }))[0]).toMatchObject({ count: 250, message: 'letters.ship' });
  });

  it('validates an invalid message again, with the payload it is given', async () => {
    const application = await startLetters(mode);
    const { app, dispatcher, letters, queue } = application;
    await dispatcher.send(Count.of('many'));
    await until('it to be parked', async () => (await letters.count({ queue, place: 'invalid' })) === 1);
    const [letter] = (await letters.list({ queue })).letters;
    expect(letter).toMatchObject({ place: 'invalid', attempts: 1, error: { code: 'DISPATCH_INVALID_MESSAGE' } });
    expect(letter?.error.details).toMatchObject({ violations: [{ path: 'count' }] });
    const still = await letters.replay(letter?.id ?? '', { edit: { payload: { count: 'few' } } });
    expect(still).toMatchObject({ replayed: 1 });
    await until('it to be parked again', async () => (await letters.list({ queue })).letters[0]?.message !== undefined);
    await until('it to have the new payload', async () => {
      const [again] = (await letters.list({ queue })).letters;
      return JSON.stringify(again?.message?.payload) === '{"count":"few"}';
    });
    await letters.replay(letter?.id ?? '', { edit: { payload: { count: 3 } } });
    await until('it to be handled', () => app.get(Journal).entries.length === 1);
    expect(app.get(Journal).entries).toEqual(['3']);
    await until('nothing to be left', async () => (await letters.count({ queue })) === 0);
  });

  it('alerts once where a queue holds too many', async () => {
    const deadLetters = { alertAbove: 1, checkEveryMs: 10 };
    const application = await startLetters(mode, { options: { deadLetters } });
    const { log, queue } = application;
    const alerts = collect(application, DeadLettersAlertNotification);
    await parkAll(application, ['a', 'b']);
    await until('the alert', () => alerts.length === 1);
    expect(alerts[0]).toMatchObject({ queue, count: 2, limit: 1 });
    await parkAll(application, ['c', 'd']);
    expect(alerts).toHaveLength(1);
    expect(JSON.stringify(log)).toContain('dead letters, more than 1');
  });
});

describe.each(SHARED_MODES)('dead letters without a handler behind $name', (mode) => {
  it('go to the queue of their handler, where it is another now', async () => {
    const [old, now] = [newQueue(), newQueue()];
    const sender = await startIn(mode, { options: { role: 'send' }, queue: old });
    const worker = await startIn(mode, { queue: old });
    const receipt = await sender.dispatcher.send(new Ship('lorry'), { queue: old, key: 'k' });
    await until('it to be parked', async () => (await sender.app.get(Queues).counts(old)).parked.unhandled === 1);
    await worker.app.close();
    const moved = await startLetters(mode, { queue: now, options: { queues: { default: now, each: { [old]: {} } } } });
    const [letter] = (await moved.letters.list({ queue: old })).letters;
    expect(letter).toMatchObject({ place: 'unhandled', message: { name: 'letters.ship', id: receipt.messageId } });
    expect(await moved.letters.replay(letter?.id ?? '')).toMatchObject({ replayed: 1 });
    await until('it to be handled', () => moved.faults.begun.length === 1);
    const counts = () => moved.app.get(Queues).counts(now);
    await until('it to be completed', async () => (await counts()).completed === 1);
    expect(await moved.letters.count({ queue: old })).toBe(0);
  });
});
