import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';

import { startRedis, type RedisServer } from '../../services/redis.js';
import { connectionCount, duration, entry, Instance, recorder, redisAt, until } from './instance.js';

describe('connections of BullMQ on Redis', () => {
  let server: RedisServer;
  let watch: Redis;

  beforeAll(async () => {
    // A server of its own, for its connections are counted.
    server = await startRedis();
    watch = redisAt(server.url);
  });

  afterAll(async () => {
    watch.disconnect();
    await server.stop();
  });

  async function workOver(connection: Redis): Promise<void> {
    const instance = new Instance({ connection });
    await instance.backend.open();
    const queue = await instance.queue({ lanes: 1 });
    const { seen, handle } = recorder();
    await instance.backend.consume(queue, handle);
    await instance.enqueue(queue, entry({ replyTo: instance.instanceId }), entry({ key: 'one' }));
    await until('the reply', () => instance.replies.size === 1 && seen.length === 2);
    await instance.backend.close();
  }

  it('opens one for a sender, one more for replies, and one for each worker and lane; and closes all of them', async () => {
    const instance = new Instance({ connection: server.url });
    await instance.backend.open();
    const queue = await instance.queue({ lanes: 2 });
    await instance.enqueue(queue, entry());
    expect(await connectionCount(watch)).toBe(2);
    await instance.backend.consume(queue, recorder().handle);
    await until('all to be open', async () => (await connectionCount(watch)) === 1 + 1 + 1 + 3);
    await instance.backend.close();
    await until('all to be closed', async () => (await connectionCount(watch)) === 1);
  });

  it('leaves a connection open that it was given, with its options and without listeners', async () => {
    const given = new Redis(server.url, { maxRetriesPerRequest: null });
    const listeners = given.eventNames().map((name) => [name, given.listenerCount(name)]);
    await workOver(given);
    expect(given.status).toBe('ready');
    expect(await given.ping()).toBe('PONG');
    expect(given.eventNames().map((name) => [name, given.listenerCount(name)])).toEqual(listeners);
    given.disconnect();
  });

  it.each([
    ['that gives commands up', {}],
    ['with a time limit for commands', { maxRetriesPerRequest: null, commandTimeout: 100 }],
    ['without an offline queue', { maxRetriesPerRequest: null, enableOfflineQueue: false }],
    ['that is not connected yet', { maxRetriesPerRequest: null, lazyConnect: true }],
  ])('works over duplicates of a connection %s, and leaves it as it is', async (_what, options) => {
    const given = new Redis(server.url, options);
    await workOver(given);
    expect({ ...given.options }).toMatchObject(options);
    expect(given.status).not.toBe('end');
    given.disconnect();
  });

  it('works with two applications over one connection', async () => {
    const given = new Redis(server.url, { maxRetriesPerRequest: null });
    await Promise.all([workOver(given), workOver(given), workOver(given)]);
    expect(given.status).toBe('ready');
    given.disconnect();
  });

  it('closes an idle application with three queues of four lanes within half a second', async () => {
    const instance = new Instance({ connection: server.url });
    await instance.backend.open();
    for (let index = 0; index < 3; index += 1) {
      await instance.backend.consume(await instance.queue({ lanes: 4 }), recorder().handle);
    }
    await until('all to be open', async () => (await connectionCount(watch)) === 1 + 2 + 15);
    expect(await duration(instance.backend.close())).toBeLessThan(500);
  });

  it('closes right after the start, before its workers are connected', async () => {
    const instance = new Instance({ connection: server.url });
    await instance.backend.open();
    await instance.backend.consume(await instance.queue(), recorder().handle);
    await instance.backend.close();
    await until('all to be closed', async () => (await connectionCount(watch)) === 1);
    expect(instance.errors).toEqual([]);
  });
});
