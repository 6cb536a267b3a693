import assert from 'node:assert/strict';

import type { KeyBlock } from '../../run-modes/queue/key-blocks.port.js';
import type { Delivery, QueueEntry } from '../../run-modes/queue/queue-backend.port.js';
import { COMPLETE, FAILURE, pass, type Bench, type BenchCase } from './bench.js';

/** Entries of one key. */
export const keyCases: readonly BenchCase[] = [
  {
    title: 'delivers the entries of a key one at a time and in order, with several consumers',
    async run(bench) {
      const instance = await bench.open();
      const other = await bench.other(instance);
      const queue = await bench.queue({ concurrency: 10, lanes: 4 }, instance, other);
      const keys = ['a', 'b', 'c', 'd', 'e'];
      const entries = interleaved(bench, keys, 12);
      const seen = new Map(keys.map((key) => [key, [] as string[]]));
      const running = new Set<string | undefined>();
      const step = async ({ key, id }: Delivery): Promise<typeof COMPLETE> => {
        assert.ok(!running.has(key), `two entries of the key "${key ?? ''}" run at once`);
        running.add(key);
        seen.get(key ?? '')?.push(id);
        await pass(1);
        running.delete(key);
        return COMPLETE;
      };
      const consumptions = [await instance.consume(queue, step), await other.consume(queue, step)];
      for (let start = 0; start < entries.length; start += 10) {
        await instance.store(queue, ...entries.slice(start, start + 10));
      }
      await bench.until('all to end', () => consumptions.reduce((sum, { ended }) => sum + ended, 0) === entries.length);
      for (const key of keys) assert.deepEqual(seen.get(key), idsOf(entries, key));
    },
  },
  {
    title: 'delivers entries of different keys at once, beside the concurrency of the others',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1, lanes: 8 }, instance);
      const gate = bench.gate();
      const consumption = await instance.consume(queue, async () => {
        await gate.opened;
        return COMPLETE;
      });
      // Of 32 keys some share a lane, but never all of them.
      const keyed = Array.from({ length: 32 }, (_, index) => bench.entry({ key: `key-${index}` }));
      await instance.store(queue, bench.entry(), ...keyed);
      await bench.until('two keys and the entry without one to run at once', () => {
        const keys = consumption.deliveries.map(({ key }) => key);
        return keys.includes(undefined) && keys.filter((key) => key !== undefined).length >= 2;
      });
      gate.open();
      await consumption.done(33);
    },
  },
  {
    title: 'keeps the order of a key where an entry is given back, whatever the time it names',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ lanes: 2 }, instance);
      const entries = bench.entries(4, { key: 'a' });
      const ids = entries.map(({ id }) => id);
      let givenBack = 0;
      const consumption = await instance.consume(queue, ({ id }) => {
        if (id !== ids[1] || givenBack === 2) return COMPLETE;
        givenBack += 1;
        return givenBack === 1 ? { action: 'giveBack' } : { action: 'giveBack', delayMs: 60_000 };
      });
      await instance.store(queue, ...entries);
      await consumption.done(6);
      assert.deepEqual(consumption.ids, [ids[0], ids[1], ids[1], ids[1], ids[2], ids[3]]);
      assert.deepEqual(new Set(consumption.deliveries.map(({ attempt }) => attempt)), new Set([1]));
    },
  },
  {
    title: 'holds a key while one of its entries runs, also where one that waits is cancelled',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ lanes: 1 }, instance);
      const [running, cancelled, last] = bench.entries(3, { key: 'a' });
      assert.ok(running && cancelled && last);
      const gate = bench.gate();
      const consumption = await instance.consume(queue, async () => {
        await gate.opened;
        return COMPLETE;
      });
      const [place = ''] = await instance.store(queue, running, cancelled, last);
      await consumption.begun(1);
      assert.equal(await instance.backend.cancel(place, cancelled.id), 'cancelled');
      for (let round = 0; round < 5; round++) await instance.backend.counts(queue.name);
      gate.open();
      await consumption.done(2);
      assert.deepEqual(consumption.ids, [running.id, last.id]);
      assert.equal(consumption.maxRunning, 1);
    },
  },
  {
    title: 'lets the next entry of a key go once one is parked',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ lanes: 1 }, instance);
      const entries = bench.entries(4, { key: 'a' });
      const [first, second] = entries;
      const consumption = await instance.consume(queue, ({ id }) => {
        if (id === first?.id) return { action: 'park', place: 'failed', error: FAILURE };
        return id === second?.id ? { action: 'park', place: 'unhandled', error: FAILURE } : COMPLETE;
      });
      await instance.store(queue, ...entries);
      await consumption.done(4);
      assert.deepEqual(
        consumption.ids,
        entries.map(({ id }) => id),
      );
      const { backend } = instance;
      await bench.until('both to be parked', async () => {
        const { parked } = await backend.counts(queue.name);
        return parked.failed === 1 && parked.unhandled === 1;
      });
      assert.equal((await backend.parked(queue.name, 'failed', 5))[0]?.id, first?.id);
      assert.equal((await backend.parked(queue.name, 'unhandled', 5))[0]?.id, second?.id);
    },
  },
  {
    title: 'stores a keyed entry once while its id or its deduplication id is there, and tells its sender of the end',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ lanes: 4 }, instance);
      const given = { key: 'a', deduplicationId: 'once', replyTo: instance.instanceId };
      const [entry, twin] = bench.entries(2, given);
      assert.ok(entry && twin);
      const [place = ''] = await instance.store(queue, entry);
      assert.deepEqual(await instance.enqueue(queue, twin), [{ status: 'duplicate', id: entry.id, place }]);
      const consumption = await instance.consume(queue, () => ({ action: 'complete', result: 'done' }));
      assert.deepEqual(await instance.replyTo(entry), { status: 'completed', result: 'done' });
      assert.equal((await instance.backend.read(place, entry.id)).state, 'completed');
      assert.deepEqual(consumption.ids, [entry.id]);
    },
  },
  {
    title: 'neither the rate limit nor globalConcurrency holds back entries with a key',
    async run(bench) {
      const instance = await bench.open();
      const rateLimit = { max: 1, durationMs: 600_000 };
      const queue = await bench.queue({ globalConcurrency: 1, rateLimit, lanes: 2 }, instance);
      const consumption = await instance.consume(queue);
      await instance.store(queue, bench.entry(), ...bench.entries(5, { key: 'a' }));
      await consumption.done(6);
    },
  },
  {
    title: 'keeps the line of a key, whatever text that is, for every instance, until it is removed',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = await bench.other(instance);
      const { name } = await bench.queue({ lanes: 2 }, instance);
      const lines = ['a', 'ü 配達:~\0', 'x'.repeat(2000)].map((key) => ({
        key,
        to: { place: `${name}~1`, entries: [key, `${key}\uD800`, '2', '1'] },
      }));
      for (const { key, to } of lines) {
        assert.equal(await instance.backend.keyBlock(name, key), undefined);
        assert.equal(await instance.backend.changeKeyBlock(name, key, undefined, to), true);
      }
      for (const { key, to } of lines) {
        const block = await backend.keyBlock(name, key);
        assert.deepEqual(block && { place: block.place, entries: block.entries }, to);
        assert.equal(await backend.changeKeyBlock(name, key, block, undefined), true);
        assert.equal(await instance.backend.keyBlock(name, key), undefined);
      }
    },
  },
  {
    title: 'changes the line of a key for one of those who try at the same time, and for nobody who knows an older one',
    async run(bench) {
      const instance = await bench.open();
      const other = await bench.other(instance);
      const backends = [instance.backend, other.backend, instance.backend, other.backend];
      const { name } = await bench.queue({ lanes: 2 }, instance);
      const change = async (from: KeyBlock | undefined, isRemoved: boolean): Promise<KeyBlock | undefined> => {
        const to = (index: number) => (isRemoved ? undefined : { place: name, entries: [String(index)] });
        const tries = backends.map((backend, index) => backend.changeKeyBlock(name, 'a', from, to(index)));
        const told = await Promise.all(tries);
        const winner = told.indexOf(true);
        assert.equal(told.filter((isChanged) => isChanged).length, 1, told.join());
        const block = await other.backend.keyBlock(name, 'a');
        assert.deepEqual(block?.entries, to(winner)?.entries);
        return block;
      };
      const first = await change(undefined, false);
      const second = await change(first, false);
      // The same again is another version.
      assert.equal(await instance.backend.changeKeyBlock(name, 'a', second, second), true);
      const third = await instance.backend.keyBlock(name, 'a');
      for (const stale of [undefined, first, second]) {
        assert.equal(await other.backend.changeKeyBlock(name, 'a', stale, undefined), false);
        assert.equal(await other.backend.changeKeyBlock(name, 'a', stale, { place: name, entries: [] }), false);
      }
      assert.equal(await change(third, true), undefined);
    },
  },
];

function interleaved(bench: Bench, keys: readonly string[], count: number): QueueEntry[] {
  return Array.from({ length: count }, () => keys.map((key) => bench.entry({ key }))).flat();
}

function idsOf(entries: readonly QueueEntry[], key: string): string[] {
  return entries.filter((entry) => entry.key === key).map(({ id }) => id);
}
