import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

import type { Delivery, Settlement } from '../../../lib/index.js';
import { entry, Instance, recorder, redisAt, until } from './instance.js';

const url = process.env['TEST_REDIS_URL'] ?? '';
const PARKED: Settlement = {
  action: 'park',
  place: 'unreadable',
  error: { name: 'UnreadableEntryError', message: 'no entry', code: 'DISPATCH_UNREADABLE_ENTRY', stack: 'at x' },
};

describe('jobs of BullMQ on Redis', () => {
  let redis: Redis;
  let instance: Instance;

  beforeAll(async () => {
    redis = redisAt(url);
    instance = new Instance({ connection: url });
    await instance.backend.open();
  });

  afterAll(async () => {
    await instance.backend.close();
    redis.disconnect();
  });

  it('hands on the job of a stranger as it is, parks it, and goes on', async () => {
    const queue = await instance.queue({ lanes: 0 });
    const stranger = new Queue(queue.name, { connection: redis, prefix: 'dispatch' });
    const { id = '' } = await stranger.add('theirs', { some: 'thing' }, { attempts: 1, removeOnComplete: true });
    await stranger.close();
    const seen: Delivery[] = [];
    const consumer = await instance.backend.consume(queue, (delivery) => {
      seen.push(delivery);
      return Promise.resolve(delivery.name === 'theirs' ? PARKED : { action: 'complete', result: undefined });
    });
    await instance.enqueue(queue, entry());
    await until('both', () => seen.length === 2);
    expect(seen[0]).toMatchObject({ id, name: 'theirs', data: { some: 'thing' }, key: undefined, attempt: 1 });
    await until('the parking', async () => (await instance.backend.counts(queue.name)).active === 0);
    const [parked] = await instance.backend.parked(queue.name, 'unreadable', 10);
    expect(parked).toMatchObject({ id, name: 'theirs', data: { some: 'thing' }, attempt: 1, error: PARKED.error });
    await expect(instance.backend.read(queue.name, id)).resolves.toMatchObject({ state: 'failed', attempt: 1 });
    await consumer.close();
  });

  it('hands on as a text what is no JSON, and goes on', async () => {
    const queue = await instance.queue({ lanes: 0 });
    await instance.enqueue(queue, entry({ id: 'broken' }), entry({ id: 'next' }));
    await redis.hset(`dispatch:${queue.name}:broken`, 'data', '{"dispatch":1,');
    const { seen, handle } = recorder();
    const consumer = await instance.backend.consume(queue, handle);
    await until('both', () => seen.length === 2);
    expect(seen[0]?.data).toBe('{"dispatch":1,');
    expect(seen[1]?.data).toEqual({ order: 1 });
    await consumer.close();
    expect(instance.errors).toEqual([]);
  });

  it('tells a handler whose job was given to another, drops what it returns, and goes on', async () => {
    const queue = await instance.queue({ lanes: 0, lockMs: 400 });
    const other = new Instance({ connection: url });
    await other.backend.open();
    const reasons: Error[] = [];
    const first = await instance.backend.consume(queue, async (delivery) => {
      if (delivery.id === 'next') return { action: 'complete', result: 'next' };
      await new Promise<void>((resolve) =>
        delivery.onAbort((reason) => {
          reasons.push(reason);
          resolve();
        }),
      );
      return { action: 'complete', result: 'too late' };
    });
    await instance.enqueue(queue, entry({ id: 'taken' }));
    await until('the start', async () => (await instance.backend.counts(queue.name)).active === 1);
    // As after a pause of the whole process that was longer than the lock.
    await redis.set(`dispatch:${queue.name}:taken:lock`, 'somebody else');
    await until('the signal', () => reasons.length === 1);
    expect(reasons[0]).toMatchObject({ code: 'DISPATCH_LOCK_LOST' });
    await instance.enqueue(queue, entry({ id: 'next' }));
    await until('the next one', async () => (await instance.backend.read(queue.name, 'next')).state === 'completed');
    await expect(instance.backend.read(queue.name, 'taken')).resolves.toMatchObject({ state: 'active' });
    await first.close();

    await redis.del(`dispatch:${queue.name}:taken:lock`);
    const { seen, handle } = recorder();
    const second = await other.backend.consume(queue, handle);
    await until('the recovery', () => seen.length === 1);
    expect(seen[0]).toMatchObject({ id: 'taken', attempt: 2 });
    expect(other.events).toContainEqual({ type: 'stalled', queue: queue.name, place: queue.name, id: 'taken' });
    await second.close();
    await other.backend.close();
    expect([...instance.errors, ...other.errors]).toEqual([]);
  });

  it('delivers a key in order where the process that had its first entry is gone', async () => {
    const queue = await instance.queue({ lanes: 2, lockMs: 400 });
    const dying = new Instance({ connection: url });
    await dying.backend.open();
    const started: string[] = [];
    const aborted: Promise<Error>[] = [];
    const dead = await dying.backend.consume(queue, async (delivery) => {
      started.push(delivery.id);
      const reason = new Promise<Error>((resolve) => delivery.onAbort(resolve));
      aborted.push(reason);
      await reason;
      return { action: 'giveBack' };
    });
    await instance.enqueue(
      queue,
      entry({ id: 'one', key: 'k' }),
      entry({ id: 'two', key: 'k' }),
      entry({ id: 'three', key: 'k' }),
    );
    await until('the first', () => started.length === 1);
    dead.stop();
    const [place = ''] = (await redis.keys(`dispatch:${queue.name}~*:one`)).map((key) => key.split(':')[1] ?? '');
    // A process that is gone renews nothing: here the renewal finds the lock of another.
    await redis.set(`dispatch:${place}:one:lock`, 'nobody', 'PX', 300);
    const { seen, handle } = recorder();
    const consumer = await instance.backend.consume(queue, handle);
    await until('all', () => seen.length === 3);
    expect(seen.map(({ id, attempt }) => [id, attempt])).toEqual([
      ['one', 2],
      ['two', 1],
      ['three', 1],
    ]);
    expect(await Promise.all(aborted)).toMatchObject([{ code: 'DISPATCH_LOCK_LOST' }]);
    await consumer.close();
    await dying.backend.close();
  });

  it('hands a lane on at once where the consumer that held it closes', async () => {
    const queue = await instance.queue({ lanes: 1 });
    const { seen, handle } = recorder();
    const leaving = await instance.backend.consume(queue, async (delivery) => {
      const settlement = await handle(delivery);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return settlement;
    });
    await instance.enqueue(queue, ...['1', '2', '3'].map((id) => entry({ id: `h${id}`, key: 'k' })));
    await until('the first', () => seen.length === 1);
    const staying = await instance.backend.consume(queue, handle);
    await leaving.close();
    const closedAt = performance.now();
    await until('the others', () => seen.length === 3);
    expect(performance.now() - closedAt).toBeLessThan(3000);
    expect(seen.map(({ id }) => id)).toEqual(['h1', 'h2', 'h3']);
    await staying.close();
  });

  it('refuses each entry by itself where the server takes no more', async () => {
    const queue = await instance.queue({ lanes: 0 });
    const sent = await instance.enqueue(queue, entry(), entry({ key: 'no lanes' }), entry());
    expect(sent).toMatchObject([
      { status: 'stored' },
      { status: 'refused', error: { code: 'DISPATCH_INVALID_QUEUE_OPTIONS' } },
      { status: 'stored' },
    ]);
  });
});
