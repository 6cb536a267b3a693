import { randomUUID } from 'node:crypto';

import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { redisRateLimits } from 'nestjs-dispatch/redis';

import { rejectionOf } from '../../unit/dispatcher/application.js';

const connection = process.env['TEST_REDIS_URL'] ?? '';
const opened: Redis[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((redis) => redis.quit()));
});

const CLAIM = { key: 'mail', max: 2, durationMs: 50_000, comesAgainWithinMs: 600_000 };

describe('rate limits on Redis', () => {
  it('leave a connection open that was given, and all that is kept expires', async () => {
    const redis = new Redis(connection);
    opened.push(redis);
    const prefix = `test:${randomUUID()}:`;
    const store = redisRateLimits({ connection: redis, prefix });
    for (const _ of [1, 2, 3]) await store.take(CLAIM);
    await store.close?.();
    const leftMs = await redis.pttl(`${prefix}mail`);
    expect(leftMs).toBeGreaterThan(25_000);
    expect(leftMs).toBeLessThanOrEqual(50_000);
  });

  it('reject where there is no server, and close', async () => {
    // ioredis has a timer of two seconds for the end of a connection that was never there.
    const options = { maxRetriesPerRequest: 0, disconnectTimeout: 1 };
    const store = redisRateLimits({ connection: { host: '127.0.0.1', port: 1, ...options } });
    expect(await rejectionOf(store.take(CLAIM))).toBeDefined();
    await store.close?.();
  });

  it('refuse wrong options', () => {
    expect(() => redisRateLimits({ prefix: 7 as never })).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_RATE_LIMIT_OPTIONS',
        message: 'redisRateLimits() has a prefix that is not a text.',
      }),
    );
  });
});
