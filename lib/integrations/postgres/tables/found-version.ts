import type { PostgresClient } from '../connection/postgres-client.js';
import { readVersionSql, type PostgresFeature } from './feature-tables.js';

/** What the server says where a table, or its schema, is not there. */
const MISSING: ReadonlySet<unknown> = new Set(['42P01', '3F000']);

/** The version of the tables of a feature; 0 where there are none. @throws DISPATCH_POSTGRES_UNAVAILABLE; else what the server says */
export async function foundVersion(client: PostgresClient, schema: string, feature: PostgresFeature): Promise<number> {
  try {
    const rows = await client.query<{ version: number }>(readVersionSql(schema), [feature]);
    return rows[0]?.version ?? 0;
  } catch (error) {
    if (MISSING.has(Object(error).code)) return 0;
    throw error;
  }
}
