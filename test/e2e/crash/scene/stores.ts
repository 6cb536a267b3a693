import { randomUUID } from 'node:crypto';

import { startPostgres } from '../../../services/postgres.js';
import { startRedis } from '../../../services/redis.js';
import type { RunningServer } from '../../../services/server-process.js';
import type { StoreAddress } from './application.js';

/** The stores every scene is played on. */
export const STORES = ['redis', 'postgres'] as const;

export type StoreKind = (typeof STORES)[number];

/** A part of the server that all specs share. */
export function sharedStore(kind: StoreKind): StoreAddress {
  const url = process.env[kind === 'redis' ? 'TEST_REDIS_URL' : 'TEST_POSTGRES_URL'] ?? '';
  return addressAt(kind, url);
}

/** A server for one scene, to be killed and started again; what it has answered, it has on disk. */
export async function ownStore(
  kind: StoreKind,
): Promise<{ readonly server: RunningServer; readonly store: StoreAddress }> {
  const server = await (kind === 'redis' ? startRedis({ appendonly: true }) : startPostgres({ durable: true }));
  return { server, store: addressAt(kind, server.url) };
}

function addressAt(kind: StoreKind, url: string): StoreAddress {
  return { kind, url, scope: `crash_${randomUUID().replaceAll('-', '_')}` };
}
