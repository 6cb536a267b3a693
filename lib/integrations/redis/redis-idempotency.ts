import { Redis, type RedisOptions } from 'ioredis';

import type { ClaimResult, IdempotencyClaim, IdempotencyStore, ReleasedFailure } from '../../index.js';
import {
  isClient,
  resolveRedisIdempotencyOptions,
  type RedisIdempotencyClient,
  type RedisIdempotencyConnection,
  type RedisIdempotencyOptions,
} from './redis-idempotency.options.js';
import { CLAIM, COMPLETE, RELEASE, RENEW } from './redis-scripts.js';

const COMMAND_TIMEOUT_MS = 5000;

/**
 * Keeps idempotent calls in Redis or Valkey, for all processes that share a server and a prefix. Those who wait ask again. What
 * the server forgets, by a failover, an eviction or a restart without persistence, is run again. One store serves one
 * application.
 *
 * @example
 * ```ts
 * DispatchModule.forRoot({ idempotency: { store: redisIdempotency({ connection: 'redis://localhost:6379' }) } });
 * ```
 *
 * @throws DISPATCH_INVALID_IDEMPOTENCY_OPTIONS
 */
export function redisIdempotency(options: RedisIdempotencyOptions = {}): IdempotencyStore {
  const { connection, prefix } = resolveRedisIdempotencyOptions(options);
  if (isClient(connection)) return new RedisIdempotencyStore(connection, prefix, undefined);
  const own = connect(connection);
  return new RedisIdempotencyStore(own, prefix, own);
}

class RedisIdempotencyStore implements IdempotencyStore {
  readonly isShared = true;

  constructor(
    private readonly client: RedisIdempotencyClient,
    private readonly prefix: string,
    /** The connection, where it is ours to close. */
    private readonly own: Redis | undefined,
  ) {}

  async claim({ key, token, lockMs, isWaiting }: IdempotencyClaim): Promise<ClaimResult> {
    const answer = await this.run(CLAIM, key, token, lockMs, isWaiting ? 1 : 0);
    // The script answers with one of the states, and with a text where the state has an outcome.
    const [status, outcome = ''] = answer as [ClaimResult['status'], string?];
    return status === 'completed' || status === 'failed' ? { status, outcome } : { status };
  }

  async renew(key: string, token: string, lockMs: number): Promise<boolean> {
    return (await this.run(RENEW, key, token, lockMs)) === 1;
  }

  async complete(key: string, token: string, outcome: string, ttlMs: number): Promise<boolean> {
    return (await this.run(COMPLETE, key, token, outcome, ttlMs)) === 1;
  }

  async release(key: string, token: string, failure?: ReleasedFailure): Promise<void> {
    await this.run(RELEASE, key, token, ...(failure === undefined ? [] : [failure.outcome, failure.keepMs]));
  }

  async close(): Promise<void> {
    const { own } = this;
    if (own === undefined) return;
    // A server that does not answer is not waited for.
    if (own.status === 'ready') await own.quit().catch(() => own.disconnect());
    else own.disconnect();
  }

  private run(script: string, key: string, ...given: (string | number)[]): Promise<unknown> {
    return this.client.eval(script, 1, this.prefix + key, ...given);
  }
}

function connect({ url, ...rest }: RedisIdempotencyConnection): Redis {
  // The options are those of ioredis, by their documentation.
  const options = { commandTimeout: COMMAND_TIMEOUT_MS, ...rest, lazyConnect: true } as RedisOptions;
  const redis = url === undefined ? new Redis(options) : new Redis(url, options);
  // Without a listener ioredis prints to the console. Whoever gave the command is told.
  redis.on('error', () => undefined);
  return redis;
}
