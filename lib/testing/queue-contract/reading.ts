import assert from 'node:assert/strict';

import type { EntrySnapshot } from '../../run-modes/queue/queue-backend.port.js';
import { COMPLETE, FAILURE, pass, type BenchCase, type Instance } from './bench.js';

const NOTHING_YET: EntrySnapshot = { state: 'waiting', attempt: 0, progress: undefined, outcome: undefined };

/** What can be asked of entries and queues. */
export const readingCases: readonly BenchCase[] = [
  {
    title: 'reads an entry as it waits, runs and is completed',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({}, instance);
      const entry = bench.entry();
      const [place = ''] = await instance.store(queue, entry);
      assert.deepEqual(await backend.read(place, entry.id), NOTHING_YET);
      const gate = bench.gate();
      const consumption = await instance.consume(queue, async () => {
        await gate.opened;
        return { action: 'complete', result: { total: 12.5, lines: ['ä'] } };
      });
      await consumption.begun(1);
      assert.deepEqual(await backend.read(place, entry.id), { ...NOTHING_YET, state: 'active', attempt: 1 });
      gate.open();
      await bench.until('the end', async () => (await backend.read(place, entry.id)).state === 'completed');
      assert.deepEqual(await backend.read(place, entry.id), {
        state: 'completed',
        attempt: 1,
        progress: undefined,
        outcome: { status: 'completed', result: { total: 12.5, lines: ['ä'] } },
      });
    },
  },
  {
    title: 'reads an entry that waits for its next attempt with the attempts it had',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({}, instance);
      const entry = bench.entry();
      const [place = ''] = await instance.store(queue, entry);
      const consumption = await instance.consume(queue, () => ({ action: 'retry', delayMs: 60_000, error: FAILURE }));
      await consumption.done(1);
      const { backend } = instance;
      await bench.until('the retry', async () => (await backend.read(place, entry.id)).state === 'delayed');
      assert.deepEqual(await backend.read(place, entry.id), { ...NOTHING_YET, state: 'delayed', attempt: 1 });
    },
  },
  {
    title: 'knows nothing of an entry that never was',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({}, instance);
      const [place = ''] = await instance.store(queue, bench.entry());
      const unknown = { ...NOTHING_YET, state: 'unknown' };
      assert.deepEqual(await instance.backend.read(place, 'never there'), unknown);
    },
  },
  {
    title: 'keeps the latest progress of a handler',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({}, instance);
      const entry = bench.entry();
      const [place = ''] = await instance.store(queue, entry);
      const gate = bench.gate();
      const consumption = await instance.consume(queue, async (delivery) => {
        await delivery.progress({ done: 1 });
        await delivery.progress({ done: 2, of: ['x', null] });
        await gate.opened;
        return COMPLETE;
      });
      await bench.until('the progress', async () => (await backend.read(place, entry.id)).progress !== undefined);
      await bench.until('the latest progress', async () => {
        const { progress } = await backend.read(place, entry.id);
        return JSON.stringify(progress).includes('of');
      });
      gate.open();
      await consumption.done(1);
      await bench.until('the end', async () => (await backend.read(place, entry.id)).state === 'completed');
      assert.deepEqual((await backend.read(place, entry.id)).progress, { done: 2, of: ['x', null] });
    },
  },
  {
    title: 'counts the entries of a queue by state',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ concurrency: 1, lanes: 2 }, instance);
      await assertCounts(instance, queue.name, { waiting: 0, delayed: 0, active: 0, completed: 0, failed: 0 });
      const keyed = bench.entry({ key: 'a', delayMs: 60_000 });
      const entries = [bench.entry(), bench.entry(), bench.entry(), bench.entry(), keyed];
      await instance.store(queue, ...entries, bench.entry({ delayMs: 60_000 }));
      await assertCounts(instance, queue.name, { waiting: 4, delayed: 2, active: 0, completed: 0, failed: 0 });
      const gate = bench.gate();
      await instance.consume(queue, async ({ id }) => {
        if (id === entries[0]?.id) return COMPLETE;
        if (id === entries[1]?.id) return { action: 'park', place: 'failed', error: FAILURE };
        await gate.opened;
        return COMPLETE;
      });
      await bench.until('two to be handled', async () => {
        const { active, completed, parked } = await backend.counts(queue.name);
        return completed + parked.failed + active === 3;
      });
      await assertCounts(instance, queue.name, { waiting: 1, delayed: 2, active: 1, completed: 1, failed: 1 });
    },
  },
  {
    title: 'tells how long the oldest entry that is ready has waited',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ concurrency: 1 }, instance);
      assert.equal((await backend.counts(queue.name)).oldestWaitingMs, 0);
      await instance.store(queue, bench.entry());
      await pass(300);
      await instance.store(queue, bench.entry({ priority: 1 }), bench.entry({ delayMs: 60_000 }));
      const { oldestWaitingMs } = await backend.counts(queue.name);
      assert.ok(oldestWaitingMs >= 250 && oldestWaitingMs < 60_000, `it has waited ${oldestWaitingMs} ms`);
      await instance.consume(queue);
      await bench.until('nothing to wait', async () => (await backend.counts(queue.name)).waiting === 0);
      assert.equal((await backend.counts(queue.name)).oldestWaitingMs, 0);
    },
  },
  {
    title: 'another instance reads the result of an entry',
    needs: ['shared'],
    async run(bench) {
      const sender = await bench.open();
      const worker = await bench.open();
      const reader = await bench.open();
      const queue = await bench.queue({}, sender, worker, reader);
      const entry = bench.entry();
      const [place = ''] = await sender.store(queue, entry);
      await worker.consume(queue, () => ({ action: 'complete', result: [1, { two: 2 }] }));
      await bench.until('the end', async () => (await reader.backend.read(place, entry.id)).state === 'completed');
      const { outcome } = await reader.backend.read(place, entry.id);
      assert.deepEqual(outcome, { status: 'completed', result: [1, { two: 2 }] });
    },
  },
];

interface ExpectedCounts {
  readonly waiting: number;
  readonly delayed: number;
  readonly active: number;
  readonly completed: number;
  readonly failed: number;
}

async function assertCounts({ backend }: Instance, queue: string, expected: ExpectedCounts): Promise<void> {
  const { waiting, delayed, active, completed, parked } = await backend.counts(queue);
  assert.deepEqual({ waiting, delayed, active, completed, failed: parked.failed }, expected);
}
