import { InvalidRateLimitOptionsError, type RateLimitClaim, type RateLimitStore } from '../../index.js';
import { resolveRedisStoreOptions, type RedisStoreOptions } from './redis-connection.options.js';
import { RedisScriptConnection } from './redis-connection.js';
import { TAKE } from './redis-scripts.js';

/** Options of {@link redisRateLimits}. */
export type RedisRateLimitsOptions = RedisStoreOptions;

/**
 * Counts calls in Redis or Valkey, together for all processes that share a server and a prefix, by the clock of the server. What
 * the server forgets, by a failover, an eviction or a restart without persistence, begins anew. One store serves one application.
 *
 * @example
 * ```ts
 * DispatchModule.forRoot({ resilience: { rateLimitStore: redisRateLimits({ connection: 'redis://localhost:6379' }) } });
 * ```
 *
 * @throws DISPATCH_INVALID_RATE_LIMIT_OPTIONS
 */
export function redisRateLimits(options: RedisRateLimitsOptions = {}): RateLimitStore {
  const { connection, prefix } = resolveRedisStoreOptions(options, 'dispatch:rate-limit:', (problems) => {
    throw new InvalidRateLimitOptionsError('redisRateLimits()', problems);
  });
  return new RedisRateLimits(new RedisScriptConnection(connection), prefix);
}

class RedisRateLimits implements RateLimitStore {
  readonly isShared = true;

  constructor(
    private readonly redis: RedisScriptConnection,
    private readonly prefix: string,
  ) {}

  async take({ key, max, durationMs, comesAgainWithinMs }: RateLimitClaim): Promise<number> {
    const answer = await this.redis.run(TAKE, this.prefix + key, max, durationMs, comesAgainWithinMs);
    // The script answers with a whole number, which a client of the user's may give as a text.
    return Number(answer);
  }

  close(): Promise<void> {
    return this.redis.close();
  }
}
