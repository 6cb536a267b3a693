import { PostgresClient } from '../connection/postgres-client.js';
import { resolvePostgresOptions, schemaProblems, type PostgresAccessOptions } from '../connection/postgres-options.js';
import { InvalidPostgresOptionsError } from '../errors.js';
import { FEATURES, migrationSql, versionOf, type PostgresFeature } from './feature-tables.js';
import { foundVersion } from './found-version.js';

/** How long the tables may take, in milliseconds: others may be making them, and a large table takes its time. */
export const MIGRATION_TIMEOUT_MS = 60_000;

/** Options of {@link postgresMigrationSql}. */
export interface PostgresMigrationSqlOptions {
  /** As the stores have it. Default `dispatch`. */
  readonly schema?: string;
  /** Whose tables are made. Default all there are in this release. */
  readonly features?: readonly PostgresFeature[];
}

/** Options of {@link migratePostgres}. */
export interface PostgresMigrationOptions extends PostgresAccessOptions, PostgresMigrationSqlOptions {}

/**
 * The statements that {@link migratePostgres} runs, for those who run them in a way of their own, such as
 * `psql --set ON_ERROR_STOP=1`. One transaction; repeated, it changes nothing.
 *
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS
 */
export function postgresMigrationSql(options: PostgresMigrationSqlOptions = {}): string {
  const { schema = 'dispatch', features = FEATURES, ...rest } = options;
  const unknown = Object.keys(rest).map((name) => `has the unknown option "${name}": there are schema, features`);
  const problems = [...unknown, ...schemaProblems(schema), ...featureProblems(features)];
  if (problems.length > 0) throw new InvalidPostgresOptionsError('postgresMigrationSql()', problems);
  return migrationSql(schema, features);
}

/**
 * Makes the tables of the stores on Postgres, or brings them up to date; what is up to date stays as it is. To be called where
 * the application is deployed, with a user who may create a schema. Processes of the release before go on working meanwhile,
 * and those who migrate at once wait for each other.
 *
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS listing everything that is wrong, DISPATCH_POSTGRES_UNAVAILABLE; else rejects with
 * what the server says
 */
export async function migratePostgres(options: PostgresMigrationOptions = {}): Promise<void> {
  await withClient('migratePostgres()', options, (client, schema, features) =>
    client.query(migrationSql(schema, features), undefined, MIGRATION_TIMEOUT_MS),
  );
}

/** How the tables of a feature stand. */
export interface PostgresTablesState {
  readonly feature: PostgresFeature;
  /** The version they have; 0 where there are none. */
  readonly found: number;
  /** The version that this release needs; {@link migratePostgres} changes nothing where it is not above `found`. */
  readonly needed: number;
}

/**
 * Says what {@link migratePostgres} would do with the same options, and changes nothing.
 *
 * @throws as {@link migratePostgres} does
 */
export async function postgresTablesState(
  options: PostgresMigrationOptions = {},
): Promise<readonly PostgresTablesState[]> {
  return withClient('postgresTablesState()', options, async (client, schema, features) => {
    const states: PostgresTablesState[] = [];
    for (const feature of features) {
      states.push({ feature, found: await foundVersion(client, schema, feature), needed: versionOf(feature) });
    }
    return states;
  });
}

async function withClient<T>(
  subject: string,
  options: PostgresMigrationOptions,
  work: (client: PostgresClient, schema: string, features: readonly PostgresFeature[]) => Promise<T>,
): Promise<T> {
  const { features = FEATURES } = options;
  const rules = { own: ['features'], problems: featureProblems(features) };
  const resolved = resolvePostgresOptions(subject, options, rules);
  const client = new PostgresClient(resolved);
  try {
    return await work(client, resolved.schema, features);
  } finally {
    await client.close();
  }
}

function featureProblems(features: unknown): string[] {
  const isRight = Array.isArray(features) && features.every((feature) => FEATURES.includes(feature));
  return isRight ? [] : [`has features that are not a list of ${FEATURES.join(', ')}`];
}
