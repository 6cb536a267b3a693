import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { inMemoryQueue } from '../../../../lib/run-modes/memory/in-memory-queue.js';
import type { Settlement } from '../../../../lib/run-modes/queue/queue-backend.port.js';
import { Bench, COMPLETE, FAILURE, pass, type Instance } from '../../../../lib/testing/queue-contract/bench.js';

describe('deliveries of the in-memory queue', () => {
  let bench: Bench;
  let instance: Instance;

  beforeEach(async () => {
    bench = new Bench(inMemoryQueue(), 5000);
    instance = await bench.open();
  });
  afterEach(() => bench.close());

  it('begin after the code that has sent the message, and number the entries of each queue from 1', async () => {
    const [queue, other] = [await bench.queue({}, instance), await bench.queue({}, instance)];
    const consumption = await instance.consume(queue);
    const beside = await instance.consume(other);
    const sent = instance.store(queue, bench.entry(), bench.entry());
    expect(consumption.deliveries).toHaveLength(0);
    await sent;
    await instance.store(other, bench.entry());
    await consumption.done(2);
    await beside.done(1);
    expect(consumption.deliveries.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(beside.deliveries.map(({ sequence }) => sequence)).toEqual([1]);
  });

  it('let timers fire while handlers that never wait send one message after the other', async () => {
    const queue = await bench.queue({}, instance);
    let isOver = false;
    const consumption = await instance.consume(queue, () => {
      if (!isOver) void instance.backend.enqueue(queue.name, [bench.entry()]);
      return COMPLETE;
    });
    await instance.store(queue, bench.entry());
    await pass(20);
    isOver = true;
    expect(consumption.deliveries.length).toBeGreaterThan(64);
  });

  it('let timers fire while a handler gives one entry back again and again', async () => {
    const queue = await bench.queue({}, instance);
    let isOver = false;
    const consumption = await instance.consume(queue, () => (isOver ? COMPLETE : { action: 'giveBack' }));
    await instance.store(queue, bench.entry());
    await pass(20);
    isOver = true;
    await bench.until('the end', async () => (await instance.backend.counts(queue.name)).completed === 1);
    expect(consumption.deliveries.at(-1)?.attempt).toBe(1);
  });

  it('run at once for as many entries as there are consumers, where that is more than the concurrency', async () => {
    bench = new Bench(inMemoryQueue({ consumers: 3, batchSize: 1 }), 5000);
    instance = await bench.open();
    const queue = await bench.queue({ concurrency: 2 }, instance);
    await instance.store(queue, ...bench.entries(9));
    const gate = bench.gate();
    const consumption = await instance.consume(queue, async () => {
      await gate.opened;
      await pass(1);
      return COMPLETE;
    });
    await consumption.begun(3);
    gate.open();
    await consumption.done(9);
    expect(consumption.maxRunning).toBe(3);
  });

  it('of entries with keys run at once for as many keys as there are lanes, none of which shares a lane', async () => {
    const queue = await bench.queue({ lanes: 3 }, instance);
    const entries = ['a', 'b', 'c', 'd', 'e'].map((key) => bench.entry({ key }));
    await instance.store(queue, ...entries);
    const gate = bench.gate();
    const consumption = await instance.consume(queue, async () => {
      await gate.opened;
      await pass(1);
      return COMPLETE;
    });
    await consumption.begun(3);
    gate.open();
    await consumption.done(5);
    expect(consumption.maxRunning).toBe(3);
  });

  it('hold the other entries of a key back until a retried one has ended', async () => {
    const queue = await bench.queue({ lanes: 2 }, instance);
    const entries = bench.entries(3, { key: 'a' });
    const ids = entries.map(({ id }) => id);
    const consumption = await instance.consume(queue, ({ id, attempt }): Settlement =>
      id === ids[0] && attempt < 3 ? { action: 'retry', delayMs: attempt * 20 - 20, error: FAILURE } : COMPLETE,
    );
    await instance.store(queue, ...entries, bench.entry({ key: 'b' }));
    await consumption.done(6);
    const ofKey = consumption.deliveries.filter(({ key }) => key === 'a').map(({ id }) => id);
    expect(ofKey).toEqual([ids[0], ids[0], ids[0], ids[1], ids[2]]);
  });

  it('let the next entry of a key go once one that waits for its retry is cancelled', async () => {
    const queue = await bench.queue({ lanes: 2 }, instance);
    const [retried, next] = bench.entries(2, { key: 'a' });
    const consumption = await instance.consume(queue, ({ id }) =>
      id === retried?.id ? { action: 'retry', delayMs: 60_000, error: FAILURE } : COMPLETE,
    );
    await instance.store(queue, ...[retried, next].flatMap((entry) => entry ?? []));
    await bench.until('the retry', async () => (await instance.backend.counts(queue.name)).delayed === 1);
    expect(consumption.deliveries).toHaveLength(1);
    await instance.backend.cancel(queue.name, retried?.id ?? '');
    await consumption.done(2);
    expect(consumption.ids).toEqual([retried?.id, next?.id]);
  });

  it('do not tell the handler of an attempt that has ended of what becomes of the next', async () => {
    const queue = await bench.queue({}, instance);
    const entry = bench.entry();
    const gate = bench.gate();
    const reasons: Error[] = [];
    const consumption = await instance.consume(queue, async (delivery) => {
      if (delivery.attempt === 2) await gate.opened;
      else delivery.onAbort((reason) => reasons.push(reason));
      return delivery.attempt === 1 ? { action: 'retry', delayMs: 0, error: FAILURE } : COMPLETE;
    });
    await instance.store(queue, entry);
    await consumption.begun(2);
    await instance.backend.cancel(queue.name, entry.id);
    gate.open();
    await consumption.done(2);
    expect(reasons).toEqual([]);
  });

  it('tell a handler once that somebody has cancelled its message, however often', async () => {
    const queue = await bench.queue({}, instance);
    const entry = bench.entry();
    const gate = bench.gate();
    const reasons: Error[] = [];
    const consumption = await instance.consume(queue, async (delivery) => {
      delivery.onAbort((reason) => reasons.push(reason));
      await gate.opened;
      return COMPLETE;
    });
    await instance.store(queue, entry);
    await consumption.begun(1);
    await expect(instance.backend.cancel(queue.name, entry.id)).resolves.toBe('requested');
    await expect(instance.backend.cancel(queue.name, entry.id)).resolves.toBe('requested');
    gate.open();
    await consumption.done(1);
    expect(reasons).toMatchObject([{ code: 'DISPATCH_CANCELLED', entryId: entry.id }]);
  });

  it('are held back once for a queue that is paused twice, and each change is told once', async () => {
    const queue = await bench.queue({}, instance);
    const { backend, events } = instance;
    await backend.resume(queue.name);
    for (const change of ['pause', 'pause', 'resume', 'resume', 'pause'] as const) await backend[change](queue.name);
    expect(events.map(({ type }) => type)).toEqual(['paused', 'resumed', 'paused']);
  });

  it('are not repeated for an entry that was cancelled while it ran', async () => {
    const queue = await bench.queue({}, instance);
    const entry = bench.entry({ replyTo: instance.instanceId });
    const gate = bench.gate();
    const consumption = await instance.consume(queue, async () => {
      await gate.opened;
      return { action: 'retry', delayMs: 0, error: FAILURE };
    });
    await instance.store(queue, entry);
    await consumption.begun(1);
    await expect(instance.backend.cancel(queue.name, entry.id)).resolves.toBe('requested');
    gate.open();
    await expect(instance.replyTo(entry)).resolves.toMatchObject({ error: { code: 'DISPATCH_CANCELLED' } });
    expect(consumption.deliveries).toHaveLength(1);
  });

  it('go on where a handler rejects although it must not: the entry is parked, and the mistake is reported', async () => {
    const queue = await bench.queue({ concurrency: 1 }, instance);
    const entries = bench.entries(3);
    const delivered: string[] = [];
    const consumer = await instance.backend.consume(queue, ({ id }) => {
      delivered.push(id);
      if (id === entries[0]?.id) throw new Error('thrown');
      return id === entries[1]?.id ? Promise.reject(new Error('rejected')) : Promise.resolve(COMPLETE);
    });
    await instance.store(queue, ...entries);
    await bench.until('all to end', async () => (await instance.backend.counts(queue.name)).completed === 1);
    expect(delivered).toEqual(entries.map(({ id }) => id));
    const parked = await instance.backend.parked(queue.name, 'failed', 5);
    expect(parked.map(({ error }) => error.message)).toEqual(['rejected', 'thrown']);
    expect(instance.events.filter(({ type }) => type === 'error')).toHaveLength(2);
    await consumer.close();
  });
});
