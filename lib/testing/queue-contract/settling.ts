import assert from 'node:assert/strict';

import type { ParkingPlace, QueueBackend, Settlement, WireError } from '../../run-modes/queue/queue-backend.port.js';
import { COMPLETE, FAILURE, pass, TICK_MS, type BenchCase } from './bench.js';

const PLACES: readonly ParkingPlace[] = ['failed', 'unreadable', 'unhandled', 'invalid'];
const NONE_PARKED: Readonly<Record<ParkingPlace, number>> = { failed: 0, unreadable: 0, unhandled: 0, invalid: 0 };

function park(place: ParkingPlace): Settlement {
  return { action: 'park', place, error: FAILURE };
}

/** How deliveries end, and what comes after. */
export const settlingCases: readonly BenchCase[] = [
  {
    title: 'delivers a retried entry again with the next attempt number, not before its delay, others meanwhile',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const [retried, other] = bench.entries(2);
      assert.ok(retried && other);
      const endedAt: number[] = [];
      const consumption = await instance.consume(queue, ({ id, attempt }) => {
        if (id === retried.id) endedAt.push(Date.now());
        return id === retried.id && attempt < 3 ? { action: 'retry', delayMs: 300, error: FAILURE } : COMPLETE;
      });
      await instance.store(queue, retried, other);
      await consumption.done(4);
      assert.deepEqual(consumption.ids, [retried.id, other.id, retried.id, retried.id]);
      assert.deepEqual(
        consumption.deliveries.map(({ attempt }) => attempt),
        [1, 1, 2, 3],
      );
      const [first = 0, second = 0, third = 0] = endedAt;
      assert.ok(second - first >= 300, `the second attempt came after ${second - first} ms`);
      assert.ok(third - second >= 300, `the third attempt came after ${third - second} ms`);
    },
  },
  {
    title: 'delivers an entry that is retried without delay behind those that wait',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const entries = bench.entries(3);
      const ids = entries.map(({ id }) => id);
      await instance.store(queue, ...entries);
      const consumption = await instance.consume(queue, ({ id, attempt }) =>
        id === ids[0] && attempt === 1 ? { action: 'retry', delayMs: 0, error: FAILURE } : COMPLETE,
      );
      await consumption.done(4);
      assert.deepEqual(consumption.ids, [...ids, ids[0]]);
    },
  },
  {
    title: 'delivers an entry that was given back before those that wait, its attempt uncounted',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const entries = bench.entries(4);
      const ids = entries.map(({ id }) => id);
      await instance.store(queue, ...entries);
      let givenBack = 0;
      const consumption = await instance.consume(queue, ({ id }) => {
        if (id !== ids[1] || givenBack === 2) return COMPLETE;
        givenBack += 1;
        return { action: 'giveBack' };
      });
      await consumption.done(6);
      assert.deepEqual(consumption.ids, [ids[0], ids[1], ids[1], ids[1], ids[2], ids[3]]);
      assert.deepEqual(
        consumption.deliveries.map(({ attempt }) => attempt),
        [1, 1, 1, 1, 1, 1],
      );
    },
  },
  {
    title: 'delivers an entry that was given back for a time not before that, its attempt uncounted, others meanwhile',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const [postponed, other] = bench.entries(2);
      assert.ok(postponed && other);
      const times: number[] = [];
      const consumption = await instance.consume(queue, ({ id }) => {
        if (id === postponed.id) times.push(Date.now());
        return id === postponed.id && times.length < 3 ? { action: 'giveBack', delayMs: 300 } : COMPLETE;
      });
      await instance.store(queue, postponed, other);
      await consumption.done(4);
      assert.deepEqual(consumption.ids, [postponed.id, other.id, postponed.id, postponed.id]);
      assert.deepEqual(new Set(consumption.deliveries.map(({ attempt }) => attempt)), new Set([1]));
      const [first = 0, second = 0, third = 0] = times;
      assert.ok(second - first >= 300, `the second delivery came after ${second - first} ms`);
      assert.ok(third - second >= 300, `the third delivery came after ${third - second} ms`);
    },
  },
  {
    title: 'counts an attempt made inside a delivery, also once the delivery is given back',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({}, instance);
      const entry = bench.entry();
      const [place = ''] = await instance.store(queue, entry);
      const counted: number[] = [];
      const consumption = await instance.consume(queue, async (delivery) => {
        if (counted.length > 0) return COMPLETE;
        counted.push(await delivery.countAttempt(), await delivery.countAttempt());
        assert.equal((await instance.backend.read(place, entry.id)).attempt, 3);
        return { action: 'giveBack' };
      });
      await consumption.done(2);
      assert.deepEqual(counted, [2, 3]);
      assert.equal(consumption.deliveries[1]?.attempt, 3);
    },
  },
  ...PLACES.map((place): BenchCase => ({
    title: `parks an entry as ${place} with its error, and delivers the next`,
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const [first, second, next] = bench.entries(3);
      assert.ok(first && second && next);
      const places = await instance.store(queue, first, second, next);
      const before = Date.now();
      const consumption = await instance.consume(queue, async ({ id }) => {
        await pass(TICK_MS);
        return id === next.id ? COMPLETE : park(place);
      });
      await consumption.done(3);
      assert.deepEqual(consumption.ids, [first.id, second.id, next.id]);
      const { backend } = instance;
      await bench.until('both to be parked, and the third to be settled', async () => {
        const { parked, waiting, active } = await backend.counts(queue.name);
        return parked[place] === 2 && waiting + active === 0;
      });
      const parked = await backend.parked(queue.name, place, 10);
      assert.deepEqual(
        parked,
        [second, first].map(({ id, name, data }, index) => {
          const parkedAt = parked[index]?.parkedAt;
          const times = { parkedAt, firstFailedAt: parked[index]?.firstFailedAt };
          return { id, name, data, place, error: FAILURE, attempt: 1, ...times, key: undefined };
        }),
      );
      for (const { parkedAt, firstFailedAt } of parked) {
        assert.ok(Math.abs(parkedAt.getTime() - before) < 60_000, 'parkedAt is wrong');
        assert.ok(firstFailedAt <= parkedAt && firstFailedAt.getTime() >= before, 'firstFailedAt is wrong');
      }
      assert.equal((await backend.parked(queue.name, place, 1))[0]?.id, second.id);
      await assertOnlyParkedIn(place, queue.name, backend);
      const { state, outcome, attempt } = await backend.read(places[0] ?? '', first.id);
      assert.deepEqual({ state, outcome, attempt }, { state: 'failed', outcome: failed(), attempt: 1 });
    },
  })),
  {
    title: 'keeps and counts a discarded entry as ended, not as parked, and tells its sender the error',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const [discarded, next] = bench.entries(2, { replyTo: instance.instanceId });
      assert.ok(discarded && next);
      const [place = ''] = await instance.store(queue, discarded, next);
      const consumption = await instance.consume(queue, ({ id }) =>
        id === discarded.id ? { action: 'discard', error: FAILURE } : COMPLETE,
      );
      const reply = await instance.replyTo(discarded);
      assert.deepEqual(reply, failed());
      await instance.replyTo(next);
      assert.deepEqual(consumption.ids, [discarded.id, next.id]);
      const { backend } = instance;
      const { state, outcome, attempt } = await backend.read(place, discarded.id);
      assert.deepEqual({ state, outcome, attempt }, { state: 'failed', outcome: failed(), attempt: 1 });
      const { completed, waiting, delayed, active, parked } = await backend.counts(queue.name);
      assert.deepEqual({ completed, waiting, delayed, active }, { completed: 2, waiting: 0, delayed: 0, active: 0 });
      assert.deepEqual(parked, NONE_PARKED);
      assert.deepEqual(await backend.parked(queue.name, 'failed', 10), []);
    },
  },
  {
    title: 'keeps with a parked entry the dead letters that its error names',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const [named, unnamed] = bench.entries(2);
      assert.ok(named && unnamed);
      const [place = ''] = await instance.store(queue, named, unnamed);
      const error: WireError = { ...FAILURE, deadLetters: 'zombies' };
      const consumption = await instance.consume(queue, async ({ id }) => {
        await pass(TICK_MS);
        return { action: 'park', place: 'failed', error: id === named.id ? error : FAILURE };
      });
      await consumption.done(2);
      const { backend } = instance;
      await bench.until('both to be parked', async () => (await backend.counts(queue.name)).parked.failed === 2);
      const parked = await backend.parked(queue.name, 'failed', 10);
      assert.deepEqual(
        parked.map((each) => [each.id, each.error]),
        [
          [unnamed.id, FAILURE],
          [named.id, error],
        ],
      );
      assert.deepEqual((await backend.read(place, named.id)).outcome, { status: 'failed', error });
    },
  },
  {
    title: 'goes on with the next entry after every kind of ending',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const first: readonly Settlement[] = [
        ...PLACES.map(park),
        { action: 'retry', delayMs: 0, error: FAILURE },
        { action: 'retry', delayMs: 20, error: FAILURE },
        { action: 'giveBack' },
        { action: 'discard', error: FAILURE },
        COMPLETE,
      ];
      const entries = bench.entries(first.length);
      const left = new Map(entries.map(({ id }, index) => [id, first[index]]));
      const consumption = await instance.consume(queue, ({ id }) => {
        const settlement = left.get(id) ?? COMPLETE;
        left.delete(id);
        return settlement;
      });
      await instance.store(queue, ...entries);
      await consumption.done(first.length + 3);
      await bench.until('all to be completed or parked', async () => {
        const { waiting, delayed, active, completed } = await instance.backend.counts(queue.name);
        return completed === 5 && waiting + delayed + active === 0;
      });
    },
  },
];

function failed(): { status: 'failed'; error: typeof FAILURE } {
  return { status: 'failed', error: FAILURE };
}

async function assertOnlyParkedIn(place: ParkingPlace, queue: string, backend: QueueBackend): Promise<void> {
  const { parked, completed, waiting, active } = await backend.counts(queue);
  assert.deepEqual(parked, { ...NONE_PARKED, [place]: 2 });
  assert.equal(waiting + active, 0);
  assert.ok(completed <= 1);
}
