import { beforeEach, describe, expect, it } from '@jest/globals';

import { inMemoryQueue } from '../../../../lib/run-modes/memory/in-memory-queue.js';
import type { QueueSettings } from '../../../../lib/run-modes/queue/queue-settings.js';
import { Bench, COMPLETE, type Instance } from '../../../../lib/testing/queue-contract/bench.js';

const CLOSED = { status: 'failed', error: { code: 'DISPATCH_QUEUE_CLOSED' } };

describe('an in-memory queue that is closed', () => {
  let bench: Bench;
  let instance: Instance;
  let queue: QueueSettings;

  beforeEach(async () => {
    bench = new Bench(inMemoryQueue({ capacity: 3 }), 5000);
    instance = await bench.open();
    queue = await bench.queue({ concurrency: 1 }, instance);
  });

  function droppedIds(): string[] {
    return instance.events.flatMap((event) => (event.type === 'dropped' ? [event.entry.id] : []));
  }

  it('tells of every entry that waited, was delayed or had a key, and of each sender that waited for room', async () => {
    const replyTo = instance.instanceId;
    const given = [{}, { delayMs: 60_000 }, { key: 'a' }];
    const entries = given.map((each) => bench.entry({ replyTo, ...each }));
    await instance.store(queue, ...entries);
    const [waiting] = instance.enqueueEach(queue, bench.entry());
    await instance.backend.close();
    expect(droppedIds().toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
    for (const { id } of entries) expect(instance.replies.get(id)).toMatchObject(CLOSED);
    await expect(waiting).resolves.toMatchObject({ status: 'refused', error: { code: 'DISPATCH_QUEUE_CLOSED' } });
  });

  it('refuses what is sent to it, and to queues it has not known', async () => {
    await instance.backend.close();
    const refused = { status: 'refused', error: { code: 'DISPATCH_QUEUE_CLOSED', messageName: 'orders.place' } };
    await expect(instance.enqueue(queue, bench.entry())).resolves.toMatchObject([refused]);
    const other = { ...queue, name: 'other' };
    await expect(instance.enqueue(other, bench.entry())).resolves.toMatchObject([refused]);
  });

  it('does not wait for a handler that never ends, and starts no other one', async () => {
    const gate = bench.gate();
    const entries = bench.entries(2, { replyTo: instance.instanceId });
    const consumption = await instance.consume(queue, async () => {
      await gate.opened;
      return { action: 'complete', result: 'late' };
    });
    await instance.store(queue, ...entries);
    await consumption.begun(1);
    await instance.backend.close();
    expect(droppedIds()).toEqual([entries[1]?.id]);
    gate.open();
    await consumption.close();
    expect(consumption.ids).toEqual([entries[0]?.id]);
    expect(instance.replies.get(entries[0]?.id ?? '')).toEqual({ status: 'completed', result: 'late' });
  });

  it('drops what is given back or retried after it was closed, and tells of it', async () => {
    const gate = bench.gate();
    const entry = bench.entry({ replyTo: instance.instanceId });
    const consumption = await instance.consume(queue, async () => {
      await gate.opened;
      return { action: 'giveBack' };
    });
    await instance.store(queue, entry);
    await consumption.begun(1);
    await instance.backend.close();
    gate.open();
    await consumption.close();
    expect(droppedIds()).toEqual([entry.id]);
    expect(instance.replies.get(entry.id)).toMatchObject(CLOSED);
  });

  it('leaves no timer and no handle behind', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind !== 'TTYWrap').length;
    const limited = await bench.queue({ rateLimit: { max: 1, durationMs: 600_000 } }, instance);
    const consumption = await instance.consume(limited, () => COMPLETE);
    await instance.store(limited, bench.entry(), bench.entry(), bench.entry({ delayMs: 600_000 }));
    const every = 600_000;
    const { name, data, priority } = bench.entry();
    const schedule = { id: 's', every, cron: undefined, tz: undefined, entry: { name, data, priority } };
    await instance.backend.schedule(queue.name, schedule);
    await consumption.done(1);
    await instance.close();
    const after = process.getActiveResourcesInfo().filter((kind) => kind !== 'TTYWrap').length;
    expect(after).toBeLessThanOrEqual(before);
  });
});
