import type { QueueBackendFactory } from '../../index.js';
import { BullmqBackend } from './bullmq-backend.js';
import { migrate } from './postgres/migrations.js';
import { connectorOf } from './postgres/pg-driver.js';
import {
  resolvePostgresOptions,
  type BullmqPostgresMigrationOptions,
  type BullmqPostgresOptions,
} from './postgres/postgres-options.js';
import { PostgresStore } from './postgres/postgres-store.js';

/**
 * Keeps queues in BullMQ on Postgres 13 or newer, over the package `pg`.
 *
 * Delivery: at least once. Order: by priority, then as sent; by key across processes. See the README beside this file for
 * what it stores where, and for the number of connections.
 */
export function bullmqPostgres(options: BullmqPostgresOptions = {}): QueueBackendFactory {
  return {
    name: 'bullmq-postgres',
    create(host) {
      const resolved = resolvePostgresOptions(options, 'bullmqPostgres()');
      return new BullmqBackend(host, (report) => new PostgresStore(resolved, report), resolved.availability);
    },
  };
}

/**
 * Makes the schema that {@link bullmqPostgres} needs, or brings it up to date; what is up to date stays as it is. To be called
 * where the application is deployed, with a user who may create a schema. Processes of the release before go on working
 * meanwhile.
 *
 * @throws DISPATCH_INVALID_QUEUE_OPTIONS listing everything that is wrong with the options; else rejects with what `pg` throws
 */
export async function migrateBullmqPostgres(options: BullmqPostgresMigrationOptions = {}): Promise<void> {
  const resolved = resolvePostgresOptions(options, 'migrateBullmqPostgres()');
  const connector = connectorOf(resolved, () => undefined);
  try {
    const { connection, release } = await connector.borrow();
    try {
      await migrate(connection, resolved.schema);
      release(false);
    } catch (error) {
      release(true);
      throw error;
    }
  } finally {
    await connector.close(resolved.availability.commandTimeoutMs);
  }
}
