import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { Command, Event, type DispatchOptions } from 'nestjs-dispatch';

import { bullmq } from '../../../lib/integrations/bullmq/index.js';
import { startRedisCluster, type RedisCluster } from '../../services/redis-cluster.js';
import { rejectionOf } from '../../unit/dispatcher/application.js';
import { commandHandler, eventHandler } from '../../unit/dispatcher/handlers.js';
import { startQueued, until, type QueuedApplication } from '../../unit/run-modes/queued-application.js';

class Reserve extends Command<string> {
  constructor(readonly item: string) {
    super();
  }
}

class Reserved extends Event {}

let servers: RedisCluster;
/** As BullMQ needs its connections: used as it is. */
let usable: Cluster;
/** With the defaults of ioredis: a duplicate is used. */
let plain: Cluster;

beforeAll(async () => {
  servers = await startRedisCluster();
  usable = new Cluster(servers.nodes, { redisOptions: { maxRetriesPerRequest: null } });
  plain = new Cluster(servers.nodes);
});

afterAll(async () => {
  await Promise.all([usable.quit(), plain.quit()]);
  await servers.stop();
});

describe('BullMQ on a Redis Cluster', () => {
  it('refuses a prefix without a hash tag, saying which one to write', async () => {
    const options = { queue: bullmq({ connection: plain, prefix: 'd' }) };
    expect(await rejectionOf(startQueued({ options }))).toMatchObject({
      code: 'DISPATCH_INVALID_QUEUE_OPTIONS',
      message: expect.stringContaining('prefix "d" without a hash tag, which a Cluster needs: write "{d}"') as unknown,
    });
  });

  it('answers execute(), publishAndWait() and the receipt of send() from another process', async () => {
    const handled: string[] = [];
    const sender = await start(usable, 'send', handled);
    await start(plain, 'work', handled);
    const receipt = await sender.dispatcher.send(new Reserve('a chair'));
    expect(await sender.dispatcher.execute(new Reserve('a table'))).toBe('a table reserved');
    expect(await receipt.result()).toBe('a chair reserved');
    await sender.dispatcher.publishAndWait(new Reserved());
    expect(handled).toEqual(['a chair', 'a table', 'the event']);
  });

  it('keeps the order of each key over its lanes', async () => {
    const handled: string[] = [];
    const { dispatcher } = await start(plain, 'both', handled);
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    const items = [1, 2, 3].flatMap((number) => keys.map((key) => ({ key, item: `${key}${number}` })));
    await Promise.all(items.map(({ key, item }) => dispatcher.execute(new Reserve(item), { key })));
    for (const key of keys) {
      expect(handled.filter((item) => item.startsWith(key))).toEqual([1, 2, 3].map((number) => `${key}${number}`));
    }
    expect(handled).toHaveLength(items.length);
  });

  it('counts, pauses, resumes and cancels', async () => {
    const handled: string[] = [];
    const { dispatcher, queues } = await start(usable, 'both', handled);
    await queues.pause('default');
    const kept = await dispatcher.send(new Reserve('kept'));
    const cancelled = await dispatcher.send(new Reserve('cancelled'), { key: 'k' });
    const delayed = await dispatcher.send(new Reserve('delayed'), { delayMs: 60_000 });
    expect(await queues.counts('default')).toMatchObject({ waiting: 2, delayed: 1, active: 0, isPaused: true });
    expect(await Promise.all([cancelled.cancel(), delayed.cancel()])).toEqual(['cancelled', 'cancelled']);
    await queues.resume('default');
    expect(await kept.result()).toBe('kept reserved');
    expect(handled).toEqual(['kept']);
    await until('nothing to be left', async () => {
      const { waiting, delayed: delayedCount, active } = await queues.counts('default');
      return waiting + delayedCount + active === 0;
    });
  });

  it('has all keys of a prefix on one node, and leaves the connection open that it was given', async () => {
    const { app, dispatcher } = await start(usable, 'both', []);
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => dispatcher.execute(new Reserve(key), { key })));
    await app.close();
    expect(usable.status).toBe('ready');
    const keyCounts = await Promise.all(servers.nodes.map(keyCountOf));
    expect(keyCounts.filter((count) => count > 0)).toHaveLength(1);
  });
});

function start(connection: Cluster, role: DispatchOptions['role'], handled: string[]): Promise<QueuedApplication> {
  return startQueued({
    options: { queue: bullmq({ connection, prefix: '{d}' }), ...(role && { role }) },
    providers: [
      commandHandler(Reserve, ({ item }) => {
        handled.push(item);
        return `${item} reserved`;
      }),
      eventHandler(Reserved, () => void handled.push('the event')),
    ],
  });
}

async function keyCountOf(node: { readonly host: string; readonly port: number }): Promise<number> {
  const redis = new Redis(node);
  try {
    return await redis.dbsize();
  } finally {
    redis.disconnect();
  }
}
