import { describe, expect, it } from '@jest/globals';
import { migratePostgres } from 'nestjs-dispatch/postgres';

import { claimCheckStatements } from '../../../lib/integrations/postgres/claim-check/claim-check-sql.js';
import { idempotencyStatements } from '../../../lib/integrations/postgres/idempotency/idempotency-sql.js';
import { sequenceStatements } from '../../../lib/integrations/postgres/sequence/sequence-sql.js';
import { freshSchema, SHARED } from './fresh-schema.js';

const ROWS = 'FROM generate_series(1, 20000) AS n';

describe('rows whose time is over, among many', () => {
  it('are found by an index', async () => {
    const { schema, pool } = freshSchema();
    await migratePostgres({ connection: SHARED, schema });
    await pool.query(`
      INSERT INTO "${schema}".dispatch_idempotency SELECT int4send(n), 'completed', 't', '', now() + n * interval '1 min' ${ROWS};
      INSERT INTO "${schema}".dispatch_claim_check SELECT n, 'x', now() + n * interval '1 min' ${ROWS};
      INSERT INTO "${schema}".dispatch_sequence SELECT int4send(n), 1, NULL, NULL, now() + n * interval '1 min' ${ROWS};
      ANALYZE "${schema}".dispatch_idempotency, "${schema}".dispatch_claim_check, "${schema}".dispatch_sequence`);
    const plan = async (text: string, ...values: readonly unknown[]): Promise<string> =>
      JSON.stringify((await pool.query(`EXPLAIN ${text}`, [...values])).rows);
    expect(await plan(idempotencyStatements(schema).sweep)).toContain('dispatch_idempotency_ends_at');
    expect(await plan(claimCheckStatements(schema).sweep, 500)).toContain('dispatch_claim_check_ends_at');
    expect(await plan(sequenceStatements(schema).sweep, 1000)).toContain('dispatch_sequence_touched_at');
  });
});
