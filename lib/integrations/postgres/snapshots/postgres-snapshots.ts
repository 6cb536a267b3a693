import type { Snapshot, SnapshotStore } from '../../../index.js';
import { PostgresClient } from '../connection/postgres-client.js';
import {
  resolvePostgresOptions,
  type PostgresStoreOptions,
  type ResolvedPostgresOptions,
} from '../connection/postgres-options.js';
import { PreparedTables } from '../tables/prepared-tables.js';
import { snapshotsStatements, type SnapshotsStatements } from './snapshots-sql.js';

/**
 * Keeps snapshots in a table of Postgres, one for each stream, for all processes that share a schema: a process that has just started need
 * not read long streams from their start. One store serves one application.
 *
 * @example
 * ```ts
 * const connection = 'postgres://localhost/shop';
 * DispatchModule.forRoot({
 *   eventStore: { store: postgresEventStore({ connection }), snapshots: postgresSnapshots({ connection }) },
 * });
 * ```
 *
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS listing everything that is wrong with the options
 */
export function postgresSnapshots(options: PostgresStoreOptions = {}): SnapshotStore {
  return new PostgresSnapshotStore(resolvePostgresOptions('postgresSnapshots()', options));
}

class PostgresSnapshotStore implements SnapshotStore {
  readonly isShared = true;
  private readonly client: PostgresClient;
  private readonly tables: PreparedTables;
  private readonly sql: SnapshotsStatements;

  constructor(options: ResolvedPostgresOptions) {
    this.client = new PostgresClient(options);
    this.tables = new PreparedTables(this.client, 'snapshots', options);
    this.sql = snapshotsStatements(options.schema);
  }

  open(): Promise<void> {
    return this.tables.open();
  }

  async load(stream: string): Promise<Snapshot | undefined> {
    const [row] = await this.run<{ version: number | string; schema_version: number; state: string }>(
      this.sql.load,
      stream,
    );
    if (row === undefined) return undefined;
    return { stream, version: Number(row.version), schemaVersion: row.schema_version, state: row.state };
  }

  async save({ stream, version, schemaVersion, state }: Snapshot): Promise<void> {
    await this.run(this.sql.save, stream, version, schemaVersion, state);
  }

  async remove(stream: string): Promise<void> {
    await this.run(this.sql.remove, stream);
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  private async run<Row>(text: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    await this.tables.ready();
    return this.client.query<Row>(text, values);
  }
}
