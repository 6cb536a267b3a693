import assert from 'node:assert/strict';

import { COMPLETE, FAILURE, pass, TICK_MS, type BenchCase } from './bench.js';

/** How long finished entries are kept. */
export const retentionCases: readonly BenchCase[] = [
  {
    title: 'keeps the last completed entries, as many as the queue allows',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ concurrency: 1, keepCompleted: { count: 3 } }, instance);
      const entries = bench.entries(10);
      const [place = ''] = await instance.store(queue, ...entries);
      await instance.consume(queue, async () => {
        await pass(TICK_MS);
        return COMPLETE;
      });
      const stateOf = async (index: number): Promise<string> =>
        (await backend.read(place, entries[index]?.id ?? '')).state;
      await bench.until('the last to be completed', async () => (await stateOf(9)) === 'completed');
      assert.deepEqual(await Promise.all([0, 6, 7, 9].map(stateOf)), ['unknown', 'unknown', 'completed', 'completed']);
      assert.equal((await backend.counts(queue.name)).completed, 3);
    },
  },
  {
    title: 'keeps no completed entry where the queue keeps none, and still tells the sender',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ keepCompleted: { count: 0 } }, instance);
      const entry = bench.entry({ replyTo: instance.instanceId });
      const [place = ''] = await instance.store(queue, entry);
      await instance.consume(queue, () => ({ action: 'complete', result: 7 }));
      assert.deepEqual(await instance.replyTo(entry), { status: 'completed', result: 7 });
      assert.equal((await backend.read(place, entry.id)).state, 'unknown');
      assert.equal((await backend.counts(queue.name)).completed, 0);
    },
  },
  {
    title: 'removes completed entries that are older than the queue allows, at the latest when another one ends',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ concurrency: 1, keepCompleted: { count: 100, ageMs: 1000 } }, instance);
      const [old, young] = bench.entries(2);
      assert.ok(old && young);
      const [place = ''] = await instance.store(queue, old);
      const consumption = await instance.consume(queue, () => COMPLETE);
      await consumption.done(1);
      // Stores count in whole seconds, so one that keeps for 1 s may keep for nearly 2.
      await pass(2100);
      await instance.store(queue, young);
      await bench.until('the younger to be completed', async () => {
        return (await backend.read(place, young.id)).state === 'completed';
      });
      assert.equal((await backend.read(place, old.id)).state, 'unknown');
    },
  },
  {
    title: 'keeps the last parked entries of each place, as many as the queue allows',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ concurrency: 1, keepParked: { count: 2 } }, instance);
      const entries = bench.entries(8);
      const places = new Map(entries.map(({ id }, index) => [id, index % 2 === 0 ? 'failed' : 'invalid'] as const));
      await instance.store(queue, ...entries);
      const consumption = await instance.consume(queue, async ({ id }) => {
        await pass(TICK_MS);
        return { action: 'park', place: places.get(id) ?? 'unreadable', error: FAILURE };
      });
      await consumption.done(8);
      await consumption.close();
      for (const place of ['failed', 'invalid'] as const) {
        const kept = entries.filter(({ id }) => places.get(id) === place).slice(-2);
        const parked = await backend.parked(queue.name, place, 10);
        assert.deepEqual(
          parked.map(({ id }) => id),
          kept.map(({ id }) => id).toReversed(),
        );
      }
    },
  },
];
