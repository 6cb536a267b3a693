import type { ClaimCheckStore } from '../../../index.js';
import { PostgresClient } from '../connection/postgres-client.js';
import {
  resolvePostgresOptions,
  type PostgresStoreOptions,
  type ResolvedPostgresOptions,
} from '../connection/postgres-options.js';
import { PreparedTables } from '../tables/prepared-tables.js';
import { claimCheckStatements, type ClaimCheckStatements } from './claim-check-sql.js';

/**
 * Keeps payloads that are too large for a queue in a table of Postgres, for all processes that share a schema. One store
 * serves one application. A payload of 100 MiB takes several times as much memory while it is written or read, and its time:
 * see `commandTimeoutMs`.
 *
 * @example
 * ```ts
 * DispatchModule.forRoot({ claimCheck: { store: postgresClaimCheck({ connection: 'postgres://localhost/shop', migrate: true }) } });
 * ```
 *
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS listing everything that is wrong with the options
 */
export function postgresClaimCheck(options: PostgresStoreOptions = {}): ClaimCheckStore {
  return new PostgresClaimCheckStore(resolvePostgresOptions('postgresClaimCheck()', options));
}

class PostgresClaimCheckStore implements ClaimCheckStore {
  readonly isShared = true;
  private readonly client: PostgresClient;
  private readonly tables: PreparedTables;
  private readonly sql: ClaimCheckStatements;

  constructor(options: ResolvedPostgresOptions) {
    this.client = new PostgresClient(options);
    this.tables = new PreparedTables(this.client, 'claim-check', options);
    this.sql = claimCheckStatements(options.schema);
  }

  open(): Promise<void> {
    return this.tables.open();
  }

  async put(id: string, payload: string, ttlMs: number): Promise<void> {
    await this.run(this.sql.put, id, payload, ttlMs);
  }

  async get(id: string): Promise<string | undefined> {
    const [row] = await this.run<{ payload: string }>(this.sql.get, id);
    return row?.payload;
  }

  async remove(id: string): Promise<void> {
    await this.run(this.sql.remove, id);
  }

  async sweep(limit: number): Promise<number> {
    return (await this.run(this.sql.sweep, limit)).length;
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private async run<Row>(text: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    await this.tables.ready();
    return this.client.query<Row>(text, values);
  }
}
