import assert from 'node:assert/strict';

import { COMPLETE, FAILURE, type BenchCase } from './bench.js';

/** Queues that stand still, and consumers and backends that end. */
export const stoppingCases: readonly BenchCase[] = [
  {
    title: 'delivers nothing from a paused queue, keeps what is sent to it, and goes on after resume',
    async run(bench) {
      const instance = await bench.open();
      const other = await bench.other(instance);
      const queue = await bench.queue({ lanes: 1 }, instance, other);
      const busy = await bench.queue({}, instance);
      const consumption = await instance.consume(queue);
      await other.backend.pause(queue.name);
      await other.backend.pause(queue.name);
      await instance.store(queue, bench.entry(), bench.entry({ key: 'a' }));
      const beside = await instance.consume(busy);
      await instance.store(busy, ...bench.entries(20));
      await beside.done(20);
      const { isPaused, waiting } = await instance.backend.counts(queue.name);
      assert.deepEqual({ isPaused, waiting }, { isPaused: true, waiting: 2 });
      assert.equal(consumption.deliveries.length, 0);
      await other.backend.resume(queue.name);
      await other.backend.resume(queue.name);
      await consumption.done(2);
      assert.equal((await instance.backend.counts(queue.name)).isPaused, false);
      const events = other.events.filter((event) => 'queue' in event && event.queue === queue.name);
      const types = events.map(({ type }) => type).filter((type) => type === 'paused' || type === 'resumed');
      assert.deepEqual([...new Set(types)], ['paused', 'resumed']);
    },
  },
  {
    title: 'delivers nothing from a queue that was paused before there was a consumer, until resume',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ lanes: 1 }, instance);
      const busy = await bench.queue({}, instance);
      await instance.backend.pause(queue.name);
      await instance.store(queue, bench.entry(), bench.entry({ key: 'a' }));
      const consumption = await instance.consume(queue);
      const beside = await instance.consume(busy);
      await instance.store(busy, ...bench.entries(20));
      await beside.done(20);
      assert.equal(consumption.deliveries.length, 0);
      await instance.backend.resume(queue.name);
      await consumption.done(2);
    },
  },
  {
    title: 'lets what runs end while the queue is paused, and holds back what it retries',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ concurrency: 2 }, instance);
      const [retried, completed] = bench.entries(2);
      assert.ok(retried && completed);
      const gate = bench.gate();
      const consumption = await instance.consume(queue, async ({ id, attempt }) => {
        await gate.opened;
        return id === retried.id && attempt === 1 ? { action: 'retry', delayMs: 0, error: FAILURE } : COMPLETE;
      });
      await instance.store(queue, retried, completed);
      await consumption.begun(2);
      await backend.pause(queue.name);
      gate.open();
      await bench.until('both to end', async () => {
        const { active, waiting } = await backend.counts(queue.name);
        return active === 0 && waiting === 1;
      });
      assert.equal(consumption.deliveries.length, 2);
      await backend.resume(queue.name);
      await consumption.done(3);
      assert.equal(consumption.deliveries[2]?.attempt, 2);
    },
  },
  {
    title: 'tells that a queue is drained',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 2 }, instance);
      await instance.store(queue, ...bench.entries(5));
      const consumption = await instance.consume(queue);
      await consumption.done(5);
      await bench.until('the event', () =>
        instance.events.some((event) => event.type === 'drained' && event.queue === queue.name),
      );
    },
  },
  {
    title: 'a stopped consumer takes nothing more, another one goes on',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const gate = bench.gate();
      const entries = bench.entries(3);
      await instance.store(queue, ...entries);
      const stopped = await instance.consume(queue, async () => {
        await gate.opened;
        return COMPLETE;
      });
      await stopped.begun(1);
      stopped.stop();
      stopped.stop();
      gate.open();
      await bench.settled('the stopped consumer to close', stopped.close());
      const next = await instance.consume(queue);
      await next.done(2);
      const ids = entries.map(({ id }) => id);
      assert.deepEqual([stopped.ids, next.ids], [ids.slice(0, 1), ids.slice(1)]);
    },
  },
  {
    title: 'closing a consumer waits until its deliveries are settled',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 2, lanes: 1 }, instance);
      const gate = bench.gate();
      const consumption = await instance.consume(queue, async () => {
        await gate.opened;
        return { action: 'complete', result: 'late' };
      });
      const entries = [bench.entry(), bench.entry({ key: 'a' })];
      const places = await instance.store(queue, ...entries);
      await consumption.begun(2);
      let isClosed = false;
      const closing = consumption.close().then(() => {
        isClosed = true;
      });
      for (let round = 0; round < 5; round++) await instance.backend.counts(queue.name);
      assert.equal(isClosed, false);
      gate.open();
      await bench.settled('the consumer to close', closing);
      for (const [index, { id }] of entries.entries()) {
        const { outcome } = await instance.backend.read(places[index] ?? '', id);
        assert.deepEqual(outcome, { status: 'completed', result: 'late' });
      }
      await consumption.close();
    },
  },
  {
    title: 'what is given back while a consumer closes is delivered to the next one, uncounted',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 2, lanes: 1 }, instance);
      const gate = bench.gate();
      const consumption = await instance.consume(queue, async () => {
        await gate.opened;
        return { action: 'giveBack' };
      });
      const [keyed, unkeyed] = [bench.entries(3, { key: 'a' }), bench.entry()];
      await instance.store(queue, unkeyed, ...keyed);
      await consumption.begun(2);
      const closing = consumption.close();
      gate.open();
      await bench.settled('the consumer to close', closing);
      assert.equal(consumption.deliveries.length, 2);
      const next = await (await bench.other(instance)).consume(queue);
      await next.done(4);
      const ids = keyed.map(({ id }) => id);
      assert.deepEqual(
        next.ids.filter((id) => id !== unkeyed.id),
        ids,
      );
      assert.deepEqual(new Set(next.deliveries.map(({ attempt }) => attempt)), new Set([1]));
    },
  },
  {
    title: 'closes soon and more than once, with and without consumers',
    async run(bench) {
      const [idle, busy] = [await bench.open(), await bench.open()];
      const queue = await bench.queue({ lanes: 2 }, busy);
      const consumption = await busy.consume(queue);
      await busy.store(queue, bench.entry());
      await consumption.done(1);
      await bench.settled('the idle backend to close', idle.close());
      await bench.settled('the other backend to close', busy.close());
      await busy.backend.close();
    },
  },
  {
    title: 'keeps what waits, is delayed and is parked while no instance is there',
    needs: ['durable'],
    async run(bench) {
      const first = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, first);
      const parked = bench.entry();
      await first.store(queue, parked);
      const consumption = await first.consume(queue, () => ({ action: 'park', place: 'failed', error: FAILURE }));
      await consumption.done(1);
      await consumption.close();
      const [waiting, delayed] = [bench.entry({ priority: 1 }), bench.entry({ delayMs: 300 })];
      await first.store(queue, delayed, waiting);
      await first.close();
      const second = await bench.open();
      await second.backend.ensure(queue);
      const next = await second.consume(queue);
      await next.done(2);
      assert.deepEqual(next.ids, [waiting.id, delayed.id]);
      assert.equal((await second.backend.parked(queue.name, 'failed', 5))[0]?.id, parked.id);
    },
  },
];
