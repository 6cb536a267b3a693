import { describe, expect, it } from '@jest/globals';
import { postgresSequence } from 'nestjs-dispatch/postgres';

import { until } from '../bullmq/instance.js';
import { freshSchema, SHARED } from './fresh-schema.js';

describe('streams of a store of sequences on Postgres', () => {
  it('are forgotten when they have rested for "keepMs", and no others', async () => {
    const { schema, pool } = freshSchema();
    const store = postgresSequence({ connection: SHARED, schema, migrate: true, keepMs: 60_000, sweepEveryMs: 1000 });
    for (const stream of ['old', 'new']) await store.arrive(stream, 1, 1);
    const table = `"${schema}".dispatch_sequence`;
    await pool.query(`UPDATE ${table} SET touched_at = now() - interval '1 hour'`);
    await store.arrive('new', 2, 1);
    await until('one to be gone', async () => (await pool.query(`SELECT FROM ${table}`)).rowCount === 1);
    expect(await store.arrive('new', 2, 1)).toMatchObject({ next: 1, heldFrom: 2 });
    await store.close?.();
  });

  it('are kept for a time that can be', () => {
    expect(() => postgresSequence({ keepMs: 5, sweepEveryMs: 5 })).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_POSTGRES_OPTIONS',
        problems: [expect.stringContaining('keepMs 5'), expect.stringContaining('sweepEveryMs 5')],
      }),
    );
  });
});
