import type { Snapshot, SnapshotStore } from '../../../index.js';
import type { Statement } from '../connection/driver.js';
import { PostgresClient } from '../connection/postgres-client.js';
import {
  choiceProblems,
  resolvePostgresOptions,
  type PostgresStoreOptions,
  type ResolvedPostgresOptions,
} from '../connection/postgres-options.js';
import { PreparedTables } from '../tables/prepared-tables.js';
import { snapshotsStatements, type SnapshotsStatements } from './snapshots-sql.js';

/** Options of {@link postgresSnapshots}. */
export interface PostgresSnapshotsOptions extends PostgresStoreOptions {
  /**
   * Whether the statement that loads a snapshot is kept by the server, for each connection, so that it reads and plans it once. False is
   * for a proxy that pools by transaction and cannot do that, as PgBouncer before 1.21. Default true.
   */
  readonly preparedStatements?: boolean;
}

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
export function postgresSnapshots(options: PostgresSnapshotsOptions = {}): SnapshotStore {
  const { preparedStatements = true } = options ?? {};
  const problems = choiceProblems('preparedStatements', preparedStatements, [true, false]);
  const own = ['preparedStatements'];
  const resolved = resolvePostgresOptions('postgresSnapshots()', options, { own, problems });
  return new PostgresSnapshotStore(resolved, preparedStatements);
}

class PostgresSnapshotStore implements SnapshotStore {
  readonly isShared = true;
  private readonly client: PostgresClient;
  private readonly tables: PreparedTables;
  private readonly sql: SnapshotsStatements;

  constructor(options: ResolvedPostgresOptions, isPrepared: boolean) {
    this.client = new PostgresClient(options);
    this.tables = new PreparedTables(this.client, 'snapshots', options);
    this.sql = snapshotsStatements(options.schema, isPrepared);
  }

  open(): Promise<void> {
    return this.tables.open();
  }

  async load(stream: string): Promise<Snapshot | undefined> {
    const [row] = await this.run<{ version: number | string; schema_version: number; state: string }>(this.sql.load, [
      stream,
    ]);
    if (row === undefined) return undefined;
    return { stream, version: Number(row.version), schemaVersion: row.schema_version, state: row.state };
  }

  async save({ stream, version, schemaVersion, state }: Snapshot): Promise<void> {
    await this.run({ text: this.sql.save }, [stream, version, schemaVersion, state]);
  }

  async remove(stream: string): Promise<void> {
    await this.run({ text: this.sql.remove }, [stream]);
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  private async run<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    await this.tables.ready();
    return this.client.run<Row>({ ...statement, values });
  }
}
