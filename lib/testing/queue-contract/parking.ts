import assert from 'node:assert/strict';

import type {
  ListedEntry,
  ParkingPlace,
  QueueBackend,
  QueueEntry,
  Settlement,
} from '../../run-modes/queue/queue-backend.port.js';
import type { QueueSettings } from '../../run-modes/queue/queue-settings.js';
import { COMPLETE, FAILURE, pass, TICK_MS, type Bench, type BenchCase, type Instance } from './bench.js';

const PLACES: readonly ParkingPlace[] = ['failed', 'unreadable', 'unhandled', 'invalid'];

function park(place: ParkingPlace): Settlement {
  return { action: 'park', place, error: FAILURE };
}

/** What can be done with what is parked. */
export const parkingCases: readonly BenchCase[] = [
  ...PLACES.map((place): BenchCase => ({
    title: `reads, replays with other data and parks again an entry that is parked as ${place}`,
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const entry = bench.entry({ id: `1~${place}`, replyTo: instance.instanceId });
      const [at = ''] = await instance.store(queue, entry);
      const consumption = await instance.consume(queue, ({ data }) =>
        JSON.stringify(data).includes('mended') ? COMPLETE : park(place),
      );
      await consumption.done(1);
      await bench.until('it to be parked', async () => (await count(backend, queue, place)) === 1);
      const parked = await backend.readParked(queue.name, place, entry.id);
      assert.deepEqual(parked, (await backend.parked(queue.name, place, 1))[0]);
      assert.deepEqual([parked?.id, parked?.data, parked?.attempt], [entry.id, entry.data, 1]);
      assert.equal(await backend.replayParked(queue.name, place, entry.id), true);
      await consumption.done(2);
      await bench.until('it to be parked again', async () => (await count(backend, queue, place)) === 1);
      assert.equal(await backend.replayParked(queue.name, place, entry.id, { data: { mended: 'ä\u0000' } }), true);
      await consumption.done(3);
      await bench.until('its end', async () => (await backend.read(at, entry.id)).state === 'completed');
      assert.deepEqual(
        consumption.deliveries.map(({ id, attempt, data }) => ({ id, attempt, data })),
        [entry.data, entry.data, { mended: 'ä\u0000' }].map((data) => ({ id: entry.id, attempt: 1, data })),
      );
      assert.equal(await count(backend, queue, place), 0);
      assert.equal(await backend.readParked(queue.name, place, entry.id), undefined);
    },
  })),
  ...PLACES.map((place): BenchCase => ({
    title: `loses no entry that is parked as ${place} again while it is replayed`,
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const entry = bench.entry();
      await instance.store(queue, entry);
      const consumption = await instance.consume(queue, () => park(place));
      for (let times = 1; times <= 10; times++) {
        await consumption.done(times);
        await bench.until('it to be parked', async () => (await count(backend, queue, place)) === 1);
        assert.equal(await backend.replayParked(queue.name, place, entry.id), true);
      }
      await consumption.done(11);
      await bench.until('it to be parked at last', async () => (await count(backend, queue, place)) === 1);
    },
  })),
  ...PLACES.map((place): BenchCase => ({
    title: `tells one of those who replay or remove the same entry parked as ${place}, and hands it out once`,
    async run(bench) {
      const instance = await bench.open();
      const other = await bench.other(instance);
      const queue = await bench.queue({ concurrency: 1 }, instance, other);
      const entries = bench.entries(6);
      await parkAll(bench, instance, queue, { entries, place });
      const outcomes = await Promise.all(
        entries.map(async ({ id }, index) => {
          const first = instance.backend.replayParked(queue.name, place, id);
          // What never reached a handler is removed after it was put back, so a removal cannot keep it from that.
          const second =
            index < 3 || place !== 'failed'
              ? other.backend.replayParked(queue.name, place, id)
              : other.backend.removeParked(queue.name, place, id);
          return [await first, await second];
        }),
      );
      for (const told of outcomes) assert.equal(told.filter((isDone) => isDone).length, 1, `${told.join()} were told`);
      const consumption = await instance.consume(queue);
      const replayed = outcomes.filter(([isReplayed], index) => index < 3 || place !== 'failed' || isReplayed).length;
      await consumption.done(replayed);
      await pass(50);
      assert.equal(consumption.ended, replayed);
      assert.equal(await instance.backend.removeParked(queue.name, place, 'never there'), false);
      assert.equal(await instance.backend.replayParked(queue.name, place, 'never there'), false);
    },
  })),
  ...PLACES.map((place): BenchCase => ({
    title: `pages through what is parked as ${place}, also while some of it is taken away`,
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ concurrency: 4, lanes: 2 }, instance);
      const entries = [...bench.entries(12), ...bench.entries(6, { key: 'a' }), ...bench.entries(6, { key: 'ü' })];
      await parkAll(bench, instance, queue, { entries, place });
      const found: ListedEntry[] = [];
      for (let after: ListedEntry['spot'] | undefined; ; after = found.at(-1)?.spot) {
        const page = await backend.parkedPage(queue.name, place, { limit: 5, after });
        if (page.length === 0) break;
        assert.ok(page.length <= 5, `a page of ${page.length}`);
        found.push(...page);
        const [first] = page;
        if (first !== undefined) assert.equal(await backend.removeParked(queue.name, place, first.id), true);
      }
      assert.deepEqual(found.map(({ id }) => id).toSorted(), entries.map(({ id }) => id).toSorted());
      const times = found.map(({ parkedAt }) => parkedAt.getTime());
      assert.deepEqual(
        times,
        times.toSorted((one, other) => other - one),
      );
      const keys = new Map(entries.map(({ id, key }) => [id, key]));
      for (const { id, key } of found) assert.equal(key, keys.get(id));
    },
  })),
  {
    title: 'puts a replayed entry behind those of its key, one at a time',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ lanes: 2 }, instance);
      const [first, second, third] = bench.entries(3, { key: 'a' });
      assert.ok(first && second && third);
      await parkAll(bench, instance, queue, { entries: [first], place: 'failed' });
      await instance.store(queue, second, third);
      assert.equal(await instance.backend.replayParked(queue.name, 'failed', first.id), true);
      const consumption = await instance.consume(queue, async () => {
        await pass(TICK_MS);
        return COMPLETE;
      });
      await consumption.done(3);
      assert.deepEqual(consumption.ids, [second.id, third.id, first.id]);
      assert.equal(consumption.maxRunning, 1);
    },
  },
  {
    title: 'keeps when the first of all attempts failed, and begins anew with a replay',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const entry = bench.entry();
      await instance.store(queue, entry);
      // Long ago, so that no other time is taken for it.
      const firstFailedAt = new Date(Date.now() - 60_000);
      const consumption = await instance.consume(queue, ({ attempt }) =>
        attempt < 3
          ? { action: 'retry', delayMs: 0, error: FAILURE, firstFailedAt: attempt === 1 ? firstFailedAt : new Date() }
          : park('failed'),
      );
      await consumption.done(3);
      const readIt = (): ReturnType<QueueBackend['readParked']> => backend.readParked(queue.name, 'failed', entry.id);
      await bench.until('it to be parked', async () => (await readIt()) !== undefined);
      assert.deepEqual((await readIt())?.firstFailedAt, firstFailedAt);
      await consumption.close();
      await backend.replayParked(queue.name, 'failed', entry.id);
      const later = await instance.consume(queue, () => park('failed'));
      await later.done(1);
      await bench.until('it to be parked again', async () => (await readIt()) !== undefined);
      const again = await readIt();
      assert.equal(again?.attempt, 1);
      assert.ok((again?.firstFailedAt ?? firstFailedAt) > new Date(Date.now() - 30_000), 'it goes on from before');
    },
  },
];

async function parkAll(
  bench: Bench,
  instance: Instance,
  queue: QueueSettings,
  { entries, place }: { readonly entries: readonly QueueEntry[]; readonly place: ParkingPlace },
): Promise<void> {
  await instance.store(queue, ...entries);
  const consumption = await instance.consume(queue, () => park(place));
  await consumption.done(entries.length);
  await bench.until('all to be parked', async () => (await count(instance.backend, queue, place)) === entries.length);
  await consumption.close();
}

async function count(backend: QueueBackend, { name }: QueueSettings, place: ParkingPlace): Promise<number> {
  return (await backend.counts(name)).parked[place];
}
