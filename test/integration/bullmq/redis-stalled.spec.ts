import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { entry, Instance, recorder, redisAt, until } from './instance.js';

const url = process.env['TEST_REDIS_URL'] ?? '';

describe('the look for abandoned jobs on Redis', () => {
  let redis: Redis;
  let instance: Instance;

  beforeEach(async () => {
    redis = redisAt(url);
    instance = new Instance({ connection: url });
    await instance.backend.open();
  });

  afterEach(async () => {
    await instance.backend.close();
    redis.disconnect();
  });

  it.each(['stalled', 'events'])(
    'goes on after it has failed at the key "%s" of another type, which is told, and finds the job once the key is mended',
    async (key) => {
      const queue = await instance.queue({ lanes: 0, lockMs: 400 });
      const at = (name: string): string => `dispatch:${queue.name}:${name}`;
      const { seen, handle } = recorder();
      await instance.enqueue(queue, entry({ id: 'abandoned', priority: 1 }));
      // As a process leaves it that was killed with it in hand.
      expect(await redis.lmove(at('wait'), at('active'), 'LEFT', 'RIGHT')).toContain('abandoned');
      const isBroken = (await redis.exists(at(key))) === 1;
      if (isBroken) await redis.rename(at(key), at('aside'));
      await redis.set(at(key), 'of another type');
      const consumer = await instance.backend.consume(queue, handle);
      await until('the failure to be told', () =>
        instance.errors.some((event) => event.type === 'error' && event.error.message.includes('WRONGTYPE')),
      );
      expect(seen).toHaveLength(0);
      await redis.del(at(key));
      if (isBroken) await redis.rename(at('aside'), at(key));
      await until('the delivery', () => seen.length === 1);
      expect(seen[0]?.id).toBe('abandoned');
      await consumer.close();
    },
  );
});
