import assert from 'node:assert/strict';

import { COMPLETE, FAILURE, type BenchCase } from './bench.js';

/** What `deduplicationId` keeps away. */
export const deduplicationCases: readonly BenchCase[] = [
  {
    title: 'stores an entry once while another one with its deduplication id waits or runs, and again afterwards',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({}, instance);
      const [first, second, third, fourth] = bench.entries(4, { deduplicationId: 'order: 1' });
      assert.ok(first && second && third && fourth);
      const [place] = await instance.store(queue, first);
      const duplicate = { status: 'duplicate', id: first.id, place };
      assert.deepEqual(await instance.enqueue(queue, second), [duplicate]);
      const gate = bench.gate();
      const consumption = await instance.consume(queue, async () => {
        await gate.opened;
        return COMPLETE;
      });
      await consumption.begun(1);
      assert.deepEqual(await instance.enqueue(queue, third), [duplicate]);
      gate.open();
      await bench.until('the entry to be completed', async () => {
        return (await instance.backend.counts(queue.name)).completed === 1;
      });
      await instance.store(queue, fourth);
      await consumption.done(2);
      assert.deepEqual(consumption.ids, [first.id, fourth.id]);
    },
  },
  {
    title: 'stores an entry once while another one with its deduplication id is delayed or waits for its next attempt',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({}, instance);
      const delayed = bench.entry({ deduplicationId: 'delayed', delayMs: 60_000 });
      const retried = bench.entry({ deduplicationId: 'retried' });
      const places = await instance.store(queue, delayed, retried);
      await instance.consume(queue, () => ({ action: 'retry', delayMs: 60_000, error: FAILURE }));
      await bench.until('the retry', async () => (await backend.counts(queue.name)).delayed === 2);
      for (const [index, { id, deduplicationId }] of [delayed, retried].entries()) {
        const [result] = await instance.enqueue(queue, bench.entry({ deduplicationId }));
        assert.deepEqual(result, { status: 'duplicate', id, place: places[index] });
      }
    },
  },
  {
    title: 'stores an entry again whose deduplication id was parked or cancelled',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({}, instance);
      const [cancelled, parked, last] = bench.entries(3, { deduplicationId: 'one' });
      assert.ok(cancelled && parked && last);
      const [place = ''] = await instance.store(queue, cancelled);
      assert.equal(await instance.backend.cancel(place, cancelled.id), 'cancelled');
      await instance.store(queue, parked);
      const consumption = await instance.consume(queue, ({ id }) =>
        id === parked.id ? { action: 'park', place: 'failed', error: FAILURE } : COMPLETE,
      );
      await bench.until('the entry to be parked', async () => {
        return (await instance.backend.counts(queue.name)).parked.failed === 1;
      });
      await instance.store(queue, last);
      await consumption.done(2);
      assert.deepEqual(consumption.ids, [parked.id, last.id]);
    },
  },
];
