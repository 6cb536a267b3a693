import { randomUUID } from 'node:crypto';

import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { redisIdempotency } from 'nestjs-dispatch/redis';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { ChargeCard, startCharging } from '../../unit/pipeline/idempotency/charging.js';

const connection = process.env['TEST_REDIS_URL'] ?? '';
const opened: Redis[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((redis) => redis.quit()));
});

function open(): Redis {
  const redis = new Redis(connection);
  opened.push(redis);
  return redis;
}

/** An application with a store of its own, as in a process of its own. */
function startSharing(prefix: string) {
  return startCharging({}, { options: { idempotency: { store: redisIdempotency({ connection, prefix }) } } });
}

describe('two applications with one store on Redis', () => {
  it('run a call once, and give both callers its result', async () => {
    const prefix = `test:${randomUUID()}:`;
    const [one, other] = await Promise.all([startSharing(prefix), startSharing(prefix)]);
    const first = one.dispatcher.execute(new ChargeCard('7'));
    const { end } = await one.begun(0);
    const second = other.dispatcher.execute(new ChargeCard('7'));
    const result = { paidAt: new Date(0), note: 'Größe 🦊' };
    end.resolve(result);
    expect(await Promise.all([first, second])).toEqual([result, result]);
    expect(other.runs).toHaveLength(0);
  });

  it('give a key that failed to the next one, wherever that is', async () => {
    const prefix = `test:${randomUUID()}:`;
    const [one, other] = await Promise.all([startSharing(prefix), startSharing(prefix)]);
    const first = rejectionOf(one.dispatcher.execute(new ChargeCard('7')));
    (await one.begun(0)).end.reject(new RangeError('declined'));
    expect(await first).toMatchObject({ message: 'declined' });
    const second = other.dispatcher.execute(new ChargeCard('7'));
    (await other.begun(0)).end.resolve('paid');
    expect(await second).toBe('paid');
  });

  it('do not know of each other with different prefixes', async () => {
    for (const prefix of [1, 2].map(() => `test:${randomUUID()}:`)) {
      const { dispatcher, begun } = await startSharing(prefix);
      const paid = dispatcher.execute(new ChargeCard('7'));
      (await begun(0)).end.resolve(prefix);
      expect(await paid).toBe(prefix);
    }
  });
});

describe('the connection of a store', () => {
  it('stays open where it was given, and all that is kept expires', async () => {
    const [redis, prefix] = [open(), `test:${randomUUID()}:`];
    const store = redisIdempotency({ connection: redis, prefix });
    const { app, dispatcher, begun } = await startCharging({ ttlMs: 50_000 }, { options: { idempotency: { store } } });
    const paid = dispatcher.execute(new ChargeCard('7'));
    (await begun(0)).end.resolve('paid');
    await paid;
    await app.close();
    const keys = await redis.keys(`${prefix}*`);
    expect(keys).toEqual([`${prefix}call["ChargeCardHandler","ChargeCard","7"]`]);
    const leftMs = await redis.pttl(keys[0] ?? '');
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(50_000);
  });

  it('is closed with the application where it was not given', async () => {
    const [redis, name] = [open(), `test-${randomUUID()}`];
    const store = redisIdempotency({ connection: { url: connection, connectionName: name } });
    const { app, dispatcher, begun } = await startCharging({}, { options: { idempotency: { store } } });
    const paid = dispatcher.execute(new ChargeCard(name));
    (await begun(0)).end.resolve('paid');
    await paid;
    expect(await redis.client('LIST')).toContain(`name=${name}`);
    await app.close();
    expect(await redis.client('LIST')).not.toContain(`name=${name}`);
  });

  it('lets a message fail, and the application close, where there is no server', async () => {
    // ioredis has a timer of two seconds for the end of a connection that was never there.
    const options = { maxRetriesPerRequest: 0, disconnectTimeout: 1 };
    const store = redisIdempotency({ connection: { host: '127.0.0.1', port: 1, ...options } });
    const { app, dispatcher, runs } = await startCharging({}, { options: { idempotency: { store } } });
    const error = await rejectionOf(dispatcher.execute(new ChargeCard('7')));
    expect(error).toMatchObject({ code: 'DISPATCH_IDEMPOTENCY_UNAVAILABLE' });
    expect(runs).toHaveLength(0);
    await app.close();
  });
});

describe('options of redisIdempotency()', () => {
  it.each<[string, unknown, string]>([
    ['none', null, 'takes an object'],
    ['a connection', { eval: () => undefined }, 'write { connection }'],
    ['an unknown one', { url: 'redis://localhost' }, 'unknown option "url"'],
    ['a prefix', { prefix: 7 }, 'prefix that is not a text'],
    ['a number for a connection', { connection: 6379 }, 'neither text nor object'],
    ['an address', { connection: 'http://localhost' }, 'redis:// or rediss://'],
  ])('are refused: %s', (_title, options, text) => {
    expect(() => redisIdempotency(options as object)).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_IDEMPOTENCY_OPTIONS',
        message: expect.stringContaining(text),
      }),
    );
  });
});
