import assert from 'node:assert/strict';

import { COMPLETE, pass, type BenchCase } from './bench.js';

/** The order in which entries come, and how long they are kept back. */
export const orderCases: readonly BenchCase[] = [
  {
    title: 'delivers in the order of enqueueing where concurrency is 1, over several calls',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const entries = bench.entries(60);
      for (let start = 0; start < 60; start += 20) await instance.store(queue, ...entries.slice(start, start + 20));
      const consumption = await instance.consume(queue, async () => {
        await pass(0);
        return COMPLETE;
      });
      await consumption.done(60);
      assert.deepEqual(
        consumption.ids,
        entries.map(({ id }) => id),
      );
    },
  },
  {
    title: 'delivers the most urgent first, and equals in the order of enqueueing',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const priorities = [100, 2_097_152, 1, 100, 10, 1, 2_097_152, 10];
      const entries = priorities.map((priority) => bench.entry({ priority }));
      await instance.store(queue, ...entries);
      const consumption = await instance.consume(queue);
      await consumption.done(entries.length);
      const expected = entries.toSorted((one, other) => one.priority - other.priority);
      assert.deepEqual(
        consumption.ids,
        expected.map(({ id }) => id),
      );
    },
  },
  {
    title: 'keeps a delayed entry back, and delivers the others meanwhile',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const delayed = bench.entry({ delayMs: 400 });
      const later = bench.entry({ delayMs: 700 });
      const immediate = bench.entry();
      const before = Date.now();
      const [, place = ''] = await instance.store(queue, later, delayed, immediate);
      assert.equal((await instance.backend.read(place, delayed.id)).state, 'delayed');
      assert.equal((await instance.backend.counts(queue.name)).delayed, 2);
      const consumption = await instance.consume(queue);
      await consumption.done(3);
      assert.deepEqual(consumption.ids, [immediate.id, delayed.id, later.id]);
      const [, delayedAt = 0, laterAt = 0] = consumption.startedAt;
      assert.ok(delayedAt - before >= 400, `the delay of 400 ms was ${delayedAt - before} ms`);
      assert.ok(laterAt - before >= 700, `the delay of 700 ms was ${laterAt - before} ms`);
    },
  },
];

/** How much is delivered at once, and how fast. */
export const limitCases: readonly BenchCase[] = [
  {
    title: 'runs as many handlers at once as concurrency allows in one consumer, and no more',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 3 }, instance);
      await instance.store(queue, ...bench.entries(30));
      const gate = bench.gate();
      const consumption = await instance.consume(queue, async () => {
        await gate.opened;
        await pass(2);
        return COMPLETE;
      });
      await consumption.begun(3);
      gate.open();
      await consumption.done(30);
      assert.equal(consumption.maxRunning, 3);
    },
  },
  {
    title: 'shares the work among several consumers, each entry once',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 2 }, instance);
      const gate = bench.gate();
      const step = async (): Promise<typeof COMPLETE> => {
        await gate.opened;
        return COMPLETE;
      };
      const one = await instance.consume(queue, step);
      const other = await (await bench.other(instance)).consume(queue, step);
      const entries = bench.entries(40);
      await instance.store(queue, ...entries);
      await bench.until('both consumers to be busy', () => one.running === 2 && other.running === 2);
      gate.open();
      await bench.until('all entries to end', () => one.ended + other.ended === 40);
      const ids = [...one.ids, ...other.ids];
      assert.deepEqual(ids.toSorted(), entries.map(({ id }) => id).toSorted());
    },
  },
  {
    title: 'runs no more handlers in all consumers together than globalConcurrency allows',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 3, globalConcurrency: 2 }, instance);
      let running = 0;
      let maxRunning = 0;
      const step = async (): Promise<typeof COMPLETE> => {
        running += 1;
        maxRunning = Math.max(maxRunning, running);
        await pass(5);
        running -= 1;
        return COMPLETE;
      };
      const one = await instance.consume(queue, step);
      const other = await (await bench.other(instance)).consume(queue, step);
      await instance.store(queue, ...bench.entries(20));
      await bench.until('all entries to end', () => one.ended + other.ended === 20);
      assert.equal(maxRunning, 2);
    },
  },
  {
    title: 'delivers no faster than the rate limit',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 10, rateLimit: { max: 2, durationMs: 500 } }, instance);
      const consumption = await instance.consume(queue);
      await instance.store(queue, ...bench.entries(6));
      await consumption.done(6);
      const times = consumption.startedAt;
      const tookMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
      // Two windows lie between the first and the last; a tenth of them for what the way to the handler takes.
      assert.ok(tookMs >= 900, `6 deliveries took ${tookMs} ms`);
    },
  },
];
