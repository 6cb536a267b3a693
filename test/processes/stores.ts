import { randomUUID } from 'node:crypto';

import type { QueueBackendFactory } from '../../lib/index.js';
import { bullmq, bullmqPostgres } from '../../lib/integrations/bullmq/index.js';
import { startPostgres } from '../services/postgres.js';
import { startRedis } from '../services/redis.js';
import type { RunningServer } from '../services/server-process.js';

/** Which store, and which part of it belongs to one run alone. */
export interface StoreAddress {
  readonly kind: StoreKind;
  readonly url: string;
  /** The prefix of the keys, or the schema. */
  readonly scope: string;
}

/** The stores that processes are killed over. */
export const STORES = ['redis', 'postgres'] as const;

export type StoreKind = (typeof STORES)[number];

/** A part of the server that all specs share. */
export function sharedStore(kind: StoreKind): StoreAddress {
  const url = process.env[kind === 'redis' ? 'TEST_REDIS_URL' : 'TEST_POSTGRES_URL'] ?? '';
  return addressAt(kind, url);
}

/** A server of one's own, to be killed and started again; what it has answered, it has on disk. */
export async function ownStore(
  kind: StoreKind,
): Promise<{ readonly server: RunningServer; readonly store: StoreAddress }> {
  const server = await (kind === 'redis' ? startRedis({ appendonly: true }) : startPostgres({ durable: true }));
  return { server, store: addressAt(kind, server.url) };
}

/** A part of a server that nobody else has. */
export function addressAt(kind: StoreKind, url: string): StoreAddress {
  return { kind, url, scope: `crash_${randomUUID().replaceAll('-', '_')}` };
}

/** The queue backend on a store. */
export function backendAt({ kind, url, scope }: StoreAddress, whenDown: 'fail' | 'wait'): QueueBackendFactory {
  const shared = { connection: url, whenDown, commandTimeoutMs: 3000 };
  return kind === 'redis'
    ? bullmq({ ...shared, prefix: scope })
    : bullmqPostgres({ ...shared, schema: scope, migrate: true });
}
