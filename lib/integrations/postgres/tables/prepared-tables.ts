import type { PostgresClient } from '../connection/postgres-client.js';
import type { ResolvedPostgresOptions } from '../connection/postgres-options.js';
import { PostgresTablesError, PostgresUnavailableError } from '../errors.js';
import { migrationSql, versionOf, type PostgresFeature } from './feature-tables.js';
import { foundVersion } from './found-version.js';
import { MIGRATION_TIMEOUT_MS } from './migrate-postgres.js';

/** The tables of one feature: made or looked at once, with the first that needs them. */
export class PreparedTables {
  private preparing: Promise<void> | undefined;

  constructor(
    private readonly client: PostgresClient,
    private readonly feature: PostgresFeature,
    private readonly options: Pick<ResolvedPostgresOptions, 'schema' | 'migrate' | 'atBoot'>,
  ) {}

  /** To be called when the application starts. @throws as {@link ready} */
  async open(): Promise<void> {
    try {
      await this.ready();
    } catch (error) {
      if (this.options.atBoot === 'fail' || !(error instanceof PostgresUnavailableError)) throw error;
    }
  }

  /**
   * Resolves when the tables are as this release needs them.
   *
   * @throws DISPATCH_POSTGRES_TABLES, DISPATCH_POSTGRES_UNAVAILABLE; else what the server says. The next call tries again.
   */
  ready(): Promise<void> {
    return (this.preparing ??= this.prepare().catch((error: unknown) => {
      this.preparing = undefined;
      throw error;
    }));
  }

  private async prepare(): Promise<void> {
    const { client, feature, options } = this;
    const { schema } = options;
    const needed = versionOf(feature);
    // Asked first, so that a server that is away is not waited for as long as tables may take.
    let found = await foundVersion(client, schema, feature);
    if (found < needed && options.migrate) {
      await client.query(migrationSql(schema, [feature]), undefined, MIGRATION_TIMEOUT_MS);
      found = await foundVersion(client, schema, feature);
    }
    if (found < needed) throw new PostgresTablesError(schema, feature, found, needed);
  }
}
