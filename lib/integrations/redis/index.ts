export { redisIdempotency } from './redis-idempotency.js';
export type { RedisIdempotencyOptions } from './redis-idempotency.js';
export type { RedisIdempotencyClient, RedisIdempotencyConnection } from './redis-connection.options.js';
export { redisRateLimits } from './redis-rate-limits.js';
export type { RedisRateLimitsOptions } from './redis-rate-limits.js';
