import {
  InvalidIdempotencyOptionsError,
  type ClaimResult,
  type IdempotencyClaim,
  type IdempotencyStore,
  type ReleasedFailure,
} from '../../index.js';
import { resolveRedisStoreOptions, type RedisStoreOptions } from './redis-connection.options.js';
import { RedisScriptConnection } from './redis-connection.js';
import { CLAIM, COMPLETE, RELEASE, RENEW } from './redis-scripts.js';

/** Options of {@link redisIdempotency}. */
export type RedisIdempotencyOptions = RedisStoreOptions;

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
  const { connection, prefix } = resolveRedisStoreOptions(options, 'dispatch:idempotency:', (problems) => {
    throw new InvalidIdempotencyOptionsError('redisIdempotency()', problems);
  });
  return new RedisIdempotencyStore(new RedisScriptConnection(connection), prefix);
}

class RedisIdempotencyStore implements IdempotencyStore {
  readonly isShared = true;

  constructor(
    private readonly redis: RedisScriptConnection,
    private readonly prefix: string,
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

  close(): Promise<void> {
    return this.redis.close();
  }

  private run(script: string, key: string, ...given: (string | number)[]): Promise<unknown> {
    return this.redis.run(script, this.prefix + key, ...given);
  }
}
