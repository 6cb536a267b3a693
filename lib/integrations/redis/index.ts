export { redisIdempotency } from './redis-idempotency.js';
export type {
  RedisIdempotencyClient,
  RedisIdempotencyConnection,
  RedisIdempotencyOptions,
} from './redis-idempotency.options.js';
