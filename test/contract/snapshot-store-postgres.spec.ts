import { describe, expect, it } from '@jest/globals';

import { postgresSnapshots } from '../../lib/integrations/postgres/index.js';
import { snapshotStoreContract } from '../../lib/testing/index.js';

describe('contract of the snapshot store on Postgres', () => {
  const connection = process.env['TEST_POSTGRES_URL'] ?? '';
  const store = () => postgresSnapshots({ connection, schema: 'test_snapshots', migrate: true });

  it.each(snapshotStoreContract({ store }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
