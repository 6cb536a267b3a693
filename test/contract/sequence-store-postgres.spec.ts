import { describe, expect, it } from '@jest/globals';

import { postgresSequence } from '../../lib/integrations/postgres/index.js';
import { sequenceStoreContract } from '../../lib/testing/index.js';

describe('contract of the store of sequences on Postgres', () => {
  const connection = process.env['TEST_POSTGRES_URL'] ?? '';
  const store = () => postgresSequence({ connection, schema: 'test_sequences', migrate: true });

  it.each(sequenceStoreContract({ store }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
