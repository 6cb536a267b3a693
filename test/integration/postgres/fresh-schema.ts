import { randomUUID } from 'node:crypto';

import { afterEach } from '@jest/globals';
import pg from 'pg';

/** The server that all specs share. */
export const SHARED = process.env['TEST_POSTGRES_URL'] ?? '';

const made: { readonly schema: string; readonly pool: pg.Pool }[] = [];

const open: (() => Promise<unknown> | undefined)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
  for (const { schema, pool } of made.splice(0)) {
    await pool.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
    await pool.end();
  }
});

/** A name for a schema that no other test has, and a pool to look into it; both are gone after the test. */
export function freshSchema(): { readonly schema: string; readonly pool: pg.Pool } {
  const schema = `s_${randomUUID().replaceAll('-', '')}`;
  const pool = new pg.Pool({ connectionString: SHARED, max: 4 });
  made.push({ schema, pool });
  return { schema, pool };
}

/** Has something closed after the test, before the schemas go: what is in a transaction would hold them. */
export function closedAfterwards(close: () => Promise<unknown> | undefined): void {
  open.push(close);
}
