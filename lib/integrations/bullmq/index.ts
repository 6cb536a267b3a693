export { bullmq } from './bullmq.js';
export type { BullmqOptions, RedisClient, RedisConnectionOptions } from './redis/redis-options.js';
export { bullmqPostgres, migrateBullmqPostgres } from './bullmq-postgres.js';
export type {
  BullmqPostgresMigrationOptions,
  BullmqPostgresOptions,
  PostgresConnectionOptions,
  PostgresPool,
} from './postgres/postgres-options.js';
export type { AvailabilityOptions } from './availability.js';
