import type { QueueBackendFactory } from '../../index.js';
import { BullmqBackend } from './bullmq-backend.js';
import { resolveBullmqOptions, type BullmqOptions } from './redis/redis-options.js';
import { RedisStore } from './redis/redis-store.js';

/**
 * Keeps queues in BullMQ on Redis 6.2 or newer, or Valkey.
 *
 * Delivery: at least once. Order: by priority, then as sent; by key across processes. See the README beside this file for
 * what it stores where, and for the number of connections.
 */
export function bullmq(options: BullmqOptions = {}): QueueBackendFactory {
  return {
    name: 'bullmq',
    create(host) {
      const resolved = resolveBullmqOptions(options);
      return new BullmqBackend(host, (report) => new RedisStore(resolved, report), resolved.availability);
    },
  };
}
