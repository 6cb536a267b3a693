import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';

import { entry, Instance, recorder, redisAt, until } from './instance.js';

const url = process.env['TEST_REDIS_URL'] ?? '';

describe('what is sent together to BullMQ on Redis', () => {
  let redis: Redis;
  let instance: Instance;

  beforeEach(async () => {
    redis = redisAt(url);
    instance = new Instance({ connection: redis });
    await instance.backend.open();
  });

  afterEach(async () => {
    await instance.backend.close();
    redis.disconnect();
  });

  const entries = (count: number) => Array.from({ length: count }, (_, index) => entry({ id: `m${index}` }));

  it('stores the others where the server refuses one', async () => {
    const queue = await instance.queue({ lanes: 0 });
    // BullMQ looks there for a text.
    await redis.rpush(`dispatch:${queue.name}:de:taken`, 'no text');
    const refused = entry({ id: 'refused', deduplicationId: 'taken' });
    const [first, second] = entries(2);
    const results = await instance.enqueue(queue, first ?? refused, refused, second ?? refused);
    expect(results).toMatchObject([
      { status: 'stored' },
      { status: 'refused', error: { message: expect.stringContaining('WRONGTYPE') as unknown } },
      { status: 'stored' },
    ]);
    await redis.del(`dispatch:${queue.name}:de:taken`);
    expect(await instance.enqueue(queue, refused, entry())).toMatchObject([{ status: 'stored' }, { status: 'stored' }]);
    expect((await instance.backend.counts(queue.name)).waiting).toBe(4);
  });

  it('keeps the order they were sent in, with kinds between that BullMQ adds in other ways', async () => {
    const queue = await instance.queue({ lanes: 0, concurrency: 1 });
    const [first, second, third] = entries(3);
    const later = { id: 'later', delayMs: 3_600_000 };
    await instance.store(
      queue,
      first ?? entry(),
      entry(later),
      second ?? entry(),
      entry({ id: 'urgent', priority: 1 }),
      third ?? entry(),
    );
    const { seen, handle } = recorder();
    const consumer = await instance.backend.consume(queue, handle);
    await until('all that is due', () => seen.length === 4);
    expect(seen.map(({ id }) => id)).toEqual(['urgent', 'm0', 'm1', 'm2']);
    expect((await instance.backend.counts(queue.name)).delayed).toBe(1);
    await consumer.close();
  });

  it('goes to the server in one command for each place, also where some of it is there already', async () => {
    const queue = await instance.queue({ lanes: 0 });
    await instance.store(queue, ...entries(2));
    const sent = jest.spyOn(redis, 'sendCommand');
    const results = await instance.enqueue(queue, ...entries(50));
    expect(results.every(({ status }) => status === 'stored')).toBe(true);
    expect(sent).toHaveBeenCalledTimes(1);
    expect((await instance.backend.counts(queue.name)).waiting).toBe(50);
  });

  it.each([
    ['does not keep scripts as this adapter knows it', {}],
    ['has scripts that cannot be called by another', { lua: '#!lua', numberOfKeys: 9 }],
  ])('is stored one by one where the client %s', async (_title, script) => {
    const scripts = new Proxy({}, { get: () => script, set: () => true });
    Object.defineProperty(redis, 'scriptsSet', { value: scripts });
    const queue = await instance.queue({ lanes: 0 });
    await instance.store(queue, ...entries(3));
    await instance.store(queue, ...entries(5));
    expect((await instance.backend.counts(queue.name)).waiting).toBe(5);
  });
});
