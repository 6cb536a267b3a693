import { createHash } from 'node:crypto';

import type { InboxEntry, InboxStore } from '../../../index.js';
import { PostgresClient } from '../connection/postgres-client.js';
import {
  countProblems,
  MAX_TIMEOUT_MS,
  resolvePostgresOptions,
  type PostgresStoreOptions,
  type ResolvedPostgresOptions,
} from '../connection/postgres-options.js';
import { queryIn, type PostgresTransaction } from '../connection/postgres-transaction.js';
import { PreparedTables } from '../tables/prepared-tables.js';
import { Sweep } from '../tables/sweep.js';
import { inboxStatements, type InboxStatements } from './inbox-sql.js';

/** Options of {@link postgresInbox}. */
export interface PostgresInboxOptions extends PostgresStoreOptions {
  /** How often rows whose time is over are deleted, in milliseconds from 1000, counted from the end of the last time. Default 60 000. */
  readonly sweepEveryMs?: number;
}

/**
 * Keeps which messages were handled in a table of Postgres: that of the database in which the transactions are. Its own connections are for
 * looking at the table and for deleting what is over. One store serves one application.
 *
 * In a transaction that is `repeatable read` or `serializable`, a duplicate of a message that was committed after its begin is refused with
 * the server's error 40001, and known when it is tried again.
 *
 * @example
 * ```ts
 * const connection = 'postgres://localhost/shop';
 * DispatchModule.forRoot({
 *   transactions: { scope: postgresTransactions({ connection }), inbox: { store: postgresInbox({ connection, migrate: true }) } },
 * });
 * ```
 *
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS listing everything that is wrong with the options
 */
export function postgresInbox(options: PostgresInboxOptions = {}): InboxStore<PostgresTransaction> {
  const sweepEveryMs = options?.sweepEveryMs ?? 60_000;
  const problems = countProblems('sweepEveryMs', sweepEveryMs, 1000, MAX_TIMEOUT_MS);
  const resolved = resolvePostgresOptions('postgresInbox()', options, { own: ['sweepEveryMs'], problems });
  return new PostgresInboxStore(resolved, sweepEveryMs);
}

class PostgresInboxStore implements InboxStore<PostgresTransaction> {
  readonly isShared = true;
  private readonly client: PostgresClient;
  private readonly tables: PreparedTables;
  private readonly sweep: Sweep;
  private readonly sql: InboxStatements;

  constructor(options: ResolvedPostgresOptions, sweepEveryMs: number) {
    this.client = new PostgresClient(options);
    this.tables = new PreparedTables(this.client, 'inbox', options);
    this.sql = inboxStatements(options.schema);
    this.sweep = new Sweep(sweepEveryMs, async () => (await this.client.query(this.sql.sweep)).length);
  }

  open(): Promise<void> {
    return this.tables.open();
  }

  async record({ key, retentionMs }: InboxEntry, transaction: PostgresTransaction): Promise<boolean> {
    this.sweep.start();
    await this.tables.ready();
    const hash = createHash('sha256').update(key).digest();
    return (await queryIn(transaction, this.sql.record, [hash, retentionMs])).length === 1;
  }

  async close(): Promise<void> {
    await this.sweep.stop();
    await this.client.close();
  }
}
