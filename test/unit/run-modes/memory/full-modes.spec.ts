import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { inMemoryQueue } from '../../../../lib/run-modes/memory/in-memory-queue.js';
import type { InMemoryQueueOptions } from '../../../../lib/run-modes/memory/in-memory-queue.options.js';
import type { EnqueueResult, QueueEntry } from '../../../../lib/run-modes/queue/queue-backend.port.js';
import type { QueueSettings } from '../../../../lib/run-modes/queue/queue-settings.js';
import { Bench, COMPLETE, FAILURE, type Instance } from '../../../../lib/testing/queue-contract/bench.js';

describe('a full in-memory queue', () => {
  const benches: Bench[] = [];
  let bench: Bench;
  let instance: Instance;
  let queue: QueueSettings;

  async function start(options: InMemoryQueueOptions): Promise<void> {
    bench = new Bench(inMemoryQueue(options), 5000);
    benches.push(bench);
    instance = await bench.open();
    queue = await bench.queue({ concurrency: 1 }, instance);
  }

  function dropped(): { id: string; sequence: number | undefined; code: unknown }[] {
    return instance.events.flatMap((event) =>
      event.type === 'dropped'
        ? [{ id: event.entry.id, sequence: event.sequence, code: 'code' in event.error && event.error.code }]
        : [],
    );
  }

  function replied(given: Partial<QueueEntry> = {}): QueueEntry {
    return bench.entry({ replyTo: instance.instanceId, ...given });
  }

  async function enqueue(...entries: QueueEntry[]): Promise<EnqueueResult[]> {
    return instance.enqueue(queue, ...entries);
  }

  beforeEach(() => start({ capacity: 2 }));
  afterEach(() => Promise.all(benches.splice(0).map((each) => each.close())));

  it('lets senders wait for room and in, in their order, where its mode is wait', async () => {
    const entries = bench.entries(5);
    const stored: string[] = [];
    const promises = instance.enqueueEach(queue, ...entries).map(async (promise, index) => {
      expect((await promise).status).toBe('stored');
      stored.push(entries[index]?.id ?? '');
    });
    await bench.until('two to be stored', () => stored.length === 2);
    expect((await instance.backend.counts(queue.name)).waiting).toBe(2);
    const gate = bench.gate();
    const consumption = await instance.consume(queue, async () => {
      await gate.opened;
      return COMPLETE;
    });
    await consumption.begun(1);
    await bench.until('the third to be stored', () => stored.length === 3);
    expect((await instance.backend.counts(queue.name)).waiting).toBe(2);
    gate.open();
    await Promise.all(promises);
    await consumption.done(5);
    const ids = entries.map(({ id }) => id);
    expect([stored, consumption.ids]).toEqual([ids, ids]);
    expect(instance.events.some(({ type }) => type === 'dropped')).toBe(false);
  });

  it('lets a sender in once an entry that waits is cancelled', async () => {
    const [first, second, third] = bench.entries(3);
    const [, , waiting] = instance.enqueueEach(queue, ...[first, second, third].flatMap((entry) => entry ?? []));
    await expect(instance.backend.cancel(queue.name, first?.id ?? '')).resolves.toBe('cancelled');
    await expect(waiting).resolves.toEqual({ status: 'stored', place: queue.name });
  });

  it('tells a sender that has waited of the duplicate that came in before it', async () => {
    const [first, second] = bench.entries(2);
    const twin = bench.entry();
    const waiting = instance.enqueueEach(queue, ...[first, second, twin, twin].flatMap((entry) => entry ?? []));
    await instance.consume(queue);
    await expect(waiting[2]).resolves.toEqual({ status: 'stored', place: queue.name });
    await expect(waiting[3]).resolves.toEqual({ status: 'duplicate', id: twin.id, place: queue.name });
  });

  it('refuses the entry with DISPATCH_QUEUE_FULL where its mode is reject', async () => {
    await start({ capacity: 2, fullMode: 'reject' });
    const results = await enqueue(...bench.entries(2), replied());
    expect(results.map(({ status }) => status)).toEqual(['stored', 'stored', 'refused']);
    expect(results[2]).toHaveProperty('error', expect.objectContaining({ code: 'DISPATCH_QUEUE_FULL', limit: 2 }));
    expect(results[2]).toHaveProperty('error.fate', 'refused');
    expect(instance.replies.size).toBe(0);
    await instance.consume(queue);
    await bench.until('room', async () => (await instance.backend.counts(queue.name)).waiting === 0);
    await instance.store(queue, bench.entry());
  });

  it('drops the entry that is sent where its mode is dropWrite, and says so', async () => {
    await start({ capacity: 2, fullMode: 'dropWrite' });
    const [, , result] = await enqueue(...bench.entries(2), bench.entry());
    expect(result).toHaveProperty('error', expect.objectContaining({ code: 'DISPATCH_QUEUE_FULL', fate: 'dropped' }));
    expect((await instance.backend.counts(queue.name)).waiting).toBe(2);
  });

  it.each([
    { fullMode: 'dropOldest' as const, expected: { victim: 0, rest: [1, 2] } },
    { fullMode: 'dropNewest' as const, expected: { victim: 1, rest: [0, 2] } },
  ])('drops an entry that waits for a new one where its mode is $fullMode, and tells of it', async (given) => {
    await start({ capacity: 2, fullMode: given.fullMode });
    const entries = [replied(), replied(), replied()];
    const results = await enqueue(...entries);
    expect(results.map(({ status }) => status)).toEqual(['stored', 'stored', 'stored']);
    const victim = entries[given.expected.victim];
    const sequence = given.expected.victim + 1;
    expect(dropped()).toEqual([{ id: victim?.id, sequence, code: 'DISPATCH_QUEUE_FULL' }]);
    const code = 'DISPATCH_QUEUE_FULL';
    expect(instance.replies.get(victim?.id ?? '')).toMatchObject({ status: 'failed', error: { code } });
    await expect(instance.backend.read(queue.name, victim?.id ?? '')).resolves.toMatchObject({ state: 'unknown' });
    const consumption = await instance.consume(queue);
    await consumption.done(2);
    expect(consumption.ids).toEqual(given.expected.rest.map((index) => entries[index]?.id));
  });

  it('drops an entry that is ready before one that is delayed, and of the delayed the one due first or last', async () => {
    await start({ capacity: 3, fullMode: 'dropOldest' });
    const [late, soon, ready] = [bench.entry({ delayMs: 9e6 }), bench.entry({ delayMs: 8e6 }), bench.entry()];
    const delayed = bench.entries(2, { delayMs: 9.5e6 });
    await enqueue(late, soon, ready, ...delayed);
    expect(dropped().map(({ id }) => id)).toEqual([ready.id, soon.id]);
    await start({ capacity: 3, fullMode: 'dropNewest' });
    await enqueue(late, soon, ready, ...delayed);
    expect(dropped().map(({ id }) => id)).toEqual([ready.id, delayed[0]?.id]);
  });

  it('drops the entry that has waited for longest whatever its priority or key', async () => {
    await start({ capacity: 2, fullMode: 'dropOldest' });
    const [urgent, keyed] = [bench.entry({ priority: 1 }), bench.entry({ key: 'a' })];
    await enqueue(urgent, keyed, ...bench.entries(2, { key: 'a' }));
    expect(dropped().map(({ id }) => id)).toEqual([urgent.id, keyed.id]);
    const consumption = await instance.consume(queue);
    await consumption.done(2);
  });

  it('drops an entry that was given back as the one that has waited for longest', async () => {
    await start({ capacity: 2, fullMode: 'dropOldest' });
    const [givenBack, ...others] = bench.entries(4);
    const gate = bench.gate();
    const consumption = await instance.consume(queue, async () => {
      await gate.opened;
      return { action: 'giveBack' };
    });
    await enqueue(...[givenBack, others[0]].flatMap((entry) => entry ?? []));
    await consumption.begun(1);
    await instance.backend.pause(queue.name);
    gate.open();
    await consumption.done(1);
    await enqueue(...others.slice(1));
    expect(dropped().map(({ id }) => id)).toEqual([givenBack?.id, others[0]?.id]);
  });

  it('takes a retried entry back beyond its capacity', async () => {
    await start({ capacity: 1, fullMode: 'reject' });
    const gate = bench.gate();
    const consumption = await instance.consume(queue, async ({ attempt }) => {
      await gate.opened;
      return attempt === 1 ? { action: 'retry', delayMs: 0, error: FAILURE } : COMPLETE;
    });
    await instance.store(queue, bench.entry());
    await consumption.begun(1);
    await instance.store(queue, bench.entry());
    gate.open();
    await consumption.done(4);
    expect(dropped()).toEqual([]);
  });

  it.each(['wait', 'reject', 'dropOldest'] as const)(
    'takes what is forwarded beyond its capacity, where its mode is %s',
    async (fullMode) => {
      await start({ capacity: 1, fullMode });
      await instance.store(queue, bench.entry(), bench.entry({ isForwarded: true }));
      await expect(instance.backend.counts(queue.name)).resolves.toMatchObject({ waiting: 2 });
      expect(dropped()).toEqual([]);
    },
  );

  it('is never full where its capacity is 0', async () => {
    await start({ capacity: 0, fullMode: 'reject' });
    await instance.store(queue, ...bench.entries(12_000));
    await expect(instance.backend.counts(queue.name)).resolves.toMatchObject({ waiting: 12_000 });
  });
});
