import { assertSchemaCompatibility, LATEST_SCHEMA_VERSION, runMigrations, type PgQueryable } from 'bullmq';

import { InvalidQueueOptionsError } from '../../../index.js';
import type { PgConnection } from './pg-driver.js';
import { SCHEMA_VERSIONS } from './schema-sql.js';

const MISSING_TABLE = '42P01';
/** Keeps two processes from migrating one schema at once; spells "disp". */
const LOCK = 0x64697370;

/**
 * Makes the schema, or brings it up to date: BullMQ's part, then this adapter's. What is up to date stays as it is.
 * Each part is one transaction; processes that start at once wait for each other.
 */
export async function migrate(connection: PgConnection, schema: string): Promise<void> {
  await runMigrations(queryable(connection), schema);
  const run = (text: string, values: readonly unknown[] = []) => connection.query({ text, values });
  await run('BEGIN');
  try {
    await run('SELECT pg_advisory_xact_lock($1, hashtext($2))', [LOCK, schema]);
    await run(`SET LOCAL search_path TO "${schema}"`);
    await run(
      'CREATE TABLE IF NOT EXISTS dispatch_migration (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const { rows } = await run('SELECT COALESCE(max(version), 0) AS version FROM dispatch_migration');
    for (const [index, text] of SCHEMA_VERSIONS.entries()) {
      if (index < versionOf(rows)) continue;
      await run(text);
      await run('INSERT INTO dispatch_migration (version) VALUES ($1)', [index + 1]);
    }
    await run('COMMIT');
  } catch (error) {
    await run('ROLLBACK');
    throw error;
  }
}

/**
 * Checks that the schema is there, is recent enough, and is the one the connections of a pool find by themselves.
 *
 * @throws DISPATCH_INVALID_QUEUE_OPTIONS saying what to do
 */
export async function checkSchema(connection: PgConnection, schema: string): Promise<void> {
  const problem = await schemaProblem(connection, schema);
  if (problem !== undefined) throw new InvalidQueueOptionsError('bullmqPostgres()', [problem]);
}

async function schemaProblem(connection: PgConnection, schema: string): Promise<string | undefined> {
  const advice = `call migrateBullmqPostgres({ connection, schema: '${schema}' }) once, or set "migrate: true"`;
  try {
    const bullmqVersion = await assertSchemaCompatibility(queryable(connection), schema);
    const { rows } = await connection.query({
      text: `SELECT max(version) AS version FROM "${schema}".dispatch_migration`,
    });
    if (bullmqVersion < LATEST_SCHEMA_VERSION || versionOf(rows) < SCHEMA_VERSIONS.length) {
      return `name the schema "${schema}", which an older release has made: ${advice}`;
    }
  } catch (error) {
    const { name, code, message } = error as Error & { readonly code?: string };
    if (name === 'SchemaMigrationRequiredError' || code === MISSING_TABLE) {
      return `name the schema "${schema}", which is not set up: ${advice}`;
    }
    if (name === 'SchemaVersionMismatchError' || name === 'UnsupportedPostgresVersionError') {
      return `cannot be used with this server (${message})`;
    }
    throw error;
  }
  const { rows } = await connection.query({
    text: `SELECT to_regclass('dispatch_migration') IS NOT DISTINCT FROM to_regclass($1) AS "isFound"`,
    values: [`"${schema}".dispatch_migration`],
  });
  // The only column of the only row.
  const { isFound } = rows[0] as { readonly isFound: boolean };
  if (isFound) return undefined;
  return `have a pool whose connections do not find the schema "${schema}": make it with new Pool({ options: '-c search_path=${schema}' })`;
}

function queryable(connection: PgConnection): PgQueryable {
  return {
    query: async <R>(text: string, values?: readonly unknown[]) => {
      const { rows, rowCount } = await connection.query({ text, ...(values && { values }) });
      // BullMQ says what its own queries return.
      return { rows: rows as R[], rowCount };
    },
  };
}

function versionOf(rows: readonly unknown[]): number {
  // One row, whose column may be null.
  const { version } = rows[0] as { readonly version: number | null };
  return version ?? 0;
}
