import { afterAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';

import { postgresCheckpoints } from '../../lib/integrations/postgres/index.js';
import { checkpointStoreContract } from '../../lib/testing/index.js';
import { transactionsOn } from '../integration/postgres/transactions-on.js';

describe('contract of the store of checkpoints on Postgres', () => {
  const connection = process.env['TEST_POSTGRES_URL'] ?? '';
  const pool = new pg.Pool({ connectionString: connection, max: 8 });
  const scope = transactionsOn(pool);
  const store = () => postgresCheckpoints({ connection, schema: 'test_checkpoints', migrate: true });

  afterAll(() => pool.end());

  it.each(checkpointStoreContract({ store, transact: (work) => scope.run(work, {}) }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
