import { setImmediate as realTurn } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { inMemoryQueue } from '../../../../lib/run-modes/memory/in-memory-queue.js';
import type { QueueSchedule } from '../../../../lib/run-modes/queue/queue-backend.port.js';
import { Bench, COMPLETE, FAILURE, type Instance } from '../../../../lib/testing/queue-contract/bench.js';

const DAY_MS = 86_400_000;

describe('the in-memory queue under fake timers', () => {
  let bench: Bench;
  let instance: Instance;

  beforeEach(async () => {
    jest.useFakeTimers({ now: new Date('2026-03-28T12:00:00Z') });
    bench = new Bench(inMemoryQueue(), 5000);
    instance = await bench.open();
  });
  afterEach(async () => {
    await bench.close();
    jest.useRealTimers();
  });

  function schedule(given: Partial<QueueSchedule>): QueueSchedule {
    const entry = { name: 'reports.make', data: null, priority: 100 };
    return { id: 'report', every: undefined, cron: undefined, tz: undefined, entry, ...given };
  }

  it('delivers what is not delayed without any time passing', async () => {
    const queue = await bench.queue({}, instance);
    const consumption = await instance.consume(queue);
    await instance.store(queue, ...bench.entries(1000));
    for (let turn = 0; turn < 1000 && consumption.ended < 1000; turn++) await realTurn();
    expect(consumption.ended).toBe(1000);
  });

  it('delivers a delayed entry when it is due, also beyond the longest time a timer can take', async () => {
    const queue = await bench.queue({}, instance);
    const consumption = await instance.consume(queue);
    const [month, hour] = [bench.entry({ delayMs: 31 * DAY_MS }), bench.entry({ delayMs: 3_600_000 })];
    await instance.store(queue, month, hour);
    await jest.advanceTimersByTimeAsync(3_599_999);
    expect(consumption.ids).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(consumption.ids).toEqual([hour.id]);
    await jest.advanceTimersByTimeAsync(31 * DAY_MS - 3_600_001);
    expect(consumption.ids).toEqual([hour.id]);
    await jest.advanceTimersByTimeAsync(1);
    expect(consumption.ids).toEqual([hour.id, month.id]);
  });

  it('delivers a hundred entries with mixed delays in the order they are due, without those that were cancelled', async () => {
    const queue = await bench.queue({ concurrency: 1 }, instance);
    const consumption = await instance.consume(queue);
    const entries = Array.from({ length: 100 }, (_, index) => bench.entry({ delayMs: 10 + ((index * 37) % 50) * 10 }));
    await instance.store(queue, ...entries);
    const kept = entries.filter((_, index) => index % 3 !== 0);
    for (const { id } of entries.filter((_, index) => index % 3 === 0)) await instance.backend.cancel(queue.name, id);
    await jest.advanceTimersByTimeAsync(1000);
    const expected = kept.toSorted((one, other) => one.delayMs - other.delayMs);
    expect(consumption.ids).toEqual(expected.map(({ id }) => id));
  });

  it('makes no more deliveries in any window than the rate limit allows', async () => {
    const queue = await bench.queue({ concurrency: 10, rateLimit: { max: 2, durationMs: 1000 } }, instance);
    const consumption = await instance.consume(queue);
    await instance.store(queue, bench.entry());
    await jest.advanceTimersByTimeAsync(600);
    await instance.store(queue, ...bench.entries(5));
    const begun: number[] = [];
    for (let ms = 0; ms < 2500; ms += 100) {
      await jest.advanceTimersByTimeAsync(100);
      begun.push(consumption.deliveries.length);
    }
    // One at 0, one at 600, and each further one a second after the one two before it.
    expect([begun[2], begun[3], begun[8], begun[9], begun[13], begun[19]]).toEqual([2, 3, 3, 4, 5, 6]);
  });

  it('goes by the settings it was last given', async () => {
    const options = { concurrency: 10, keepCompleted: { count: 5 }, rateLimit: { max: 1, durationMs: 600_000 } };
    const queue = await bench.queue(options, instance);
    const consumption = await instance.consume(queue);
    await instance.store(queue, ...bench.entries(10));
    await jest.advanceTimersByTimeAsync(1000);
    expect(consumption.ended).toBe(1);
    await instance.backend.ensure({ ...queue, keepCompleted: { count: 2, ageMs: 1e6 }, rateLimit: undefined });
    await jest.advanceTimersByTimeAsync(1000);
    expect(consumption.ended).toBe(10);
    await expect(instance.backend.counts(queue.name)).resolves.toMatchObject({ completed: 2 });
  });

  it('keeps no schedule that was still being read when the queue was closed', async () => {
    const queue = await bench.queue({}, instance);
    const planning = instance.backend.schedule(queue.name, schedule({ cron: '* * * * *' }));
    await instance.backend.close();
    await planning;
    expect(jest.getTimerCount()).toBe(0);
    await expect(instance.backend.schedules(queue.name)).resolves.toEqual([]);
  });

  it('makes an entry of a new schedule at once, whatever waits of the one it replaces', async () => {
    const queue = await bench.queue({}, instance);
    await instance.backend.schedule(queue.name, schedule({ every: 600_000 }));
    await jest.advanceTimersByTimeAsync(10);
    await instance.backend.schedule(queue.name, schedule({ every: 500_000 }));
    await jest.advanceTimersByTimeAsync(10);
    await expect(instance.backend.counts(queue.name)).resolves.toMatchObject({ waiting: 2 });
  });

  it('skips a schedule that is due while its last entry still waits', async () => {
    const queue = await bench.queue({}, instance);
    await instance.backend.schedule(queue.name, schedule({ every: 1000 }));
    await jest.advanceTimersByTimeAsync(10_500);
    await expect(instance.backend.counts(queue.name)).resolves.toMatchObject({ waiting: 1 });
    const consumption = await instance.consume(queue);
    await jest.advanceTimersByTimeAsync(499);
    expect(consumption.deliveries).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(consumption.deliveries).toHaveLength(2);
    const [state] = await instance.backend.schedules(queue.name);
    expect(state?.nextAt).toEqual(new Date('2026-03-28T12:00:12Z'));
  });

  it('keeps a schedule by cron to the clock of its time zone when that changes to summer time', async () => {
    const queue = await bench.queue({}, instance);
    const consumption = await instance.consume(queue);
    await instance.backend.schedule(queue.name, schedule({ cron: '30 9 * * *', tz: 'Europe/Berlin' }));
    await jest.advanceTimersByTimeAsync(3 * DAY_MS);
    expect(consumption.startedAt.map((time) => new Date(time).toISOString())).toEqual([
      '2026-03-29T07:30:00.000Z',
      '2026-03-30T07:30:00.000Z',
      '2026-03-31T07:30:00.000Z',
    ]);
  });

  it('makes nothing more of a schedule that was removed, but delivers what it had made', async () => {
    const queue = await bench.queue({}, instance);
    await instance.backend.schedule(queue.name, schedule({ every: 1000 }));
    await jest.advanceTimersByTimeAsync(1);
    await instance.backend.unschedule(queue.name, 'report');
    const consumption = await instance.consume(queue);
    await jest.advanceTimersByTimeAsync(5000);
    expect(consumption.deliveries).toHaveLength(1);
  });

  it.each([0, -5, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses a schedule every %s ms', async (every) => {
    const queue = await bench.queue({}, instance);
    const refusal = instance.backend.schedule(queue.name, schedule({ every }));
    await expect(refusal).rejects.toMatchObject({ code: 'DISPATCH_INVALID_SCHEDULE', scheduleId: 'report' });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('tells of an entry of a schedule that finds the queue full', async () => {
    await bench.close();
    bench = new Bench(inMemoryQueue({ capacity: 1, fullMode: 'reject' }), 5000);
    instance = await bench.open();
    const queue = await bench.queue({}, instance);
    await instance.store(queue, bench.entry());
    await instance.backend.schedule(queue.name, schedule({ every: 1000 }));
    await jest.advanceTimersByTimeAsync(1500);
    const dropped = instance.events.filter(({ type }) => type === 'dropped');
    expect(dropped).toMatchObject([
      { entry: { name: 'reports.make' }, error: { code: 'DISPATCH_QUEUE_FULL' } },
      { entry: { name: 'reports.make' }, error: { code: 'DISPATCH_QUEUE_FULL' } },
    ]);
  });

  it('forgets completed and parked entries by their age, without a timer for each', async () => {
    const queue = await bench.queue(
      { concurrency: 1, keepCompleted: { ageMs: 1000 }, keepParked: { ageMs: 2000 } },
      instance,
    );
    const [completed, parked] = bench.entries(2);
    await instance.consume(queue, ({ id }) =>
      id === parked?.id ? { action: 'park', place: 'failed', error: FAILURE } : COMPLETE,
    );
    await instance.store(queue, ...[completed, parked].flatMap((entry) => entry ?? []));
    await jest.advanceTimersByTimeAsync(999);
    const stateOf = async (id = ''): Promise<string> => (await instance.backend.read(queue.name, id)).state;
    expect([await stateOf(completed?.id), await stateOf(parked?.id)]).toEqual(['completed', 'failed']);
    expect(jest.getTimerCount()).toBe(0);
    await jest.advanceTimersByTimeAsync(1);
    expect([await stateOf(completed?.id), await stateOf(parked?.id)]).toEqual(['unknown', 'failed']);
    await jest.advanceTimersByTimeAsync(1000);
    await expect(instance.backend.counts(queue.name)).resolves.toMatchObject({ completed: 0, parked: { failed: 0 } });
    await expect(instance.backend.parked(queue.name, 'failed', 5)).resolves.toEqual([]);
  });
});
