import { describe, expect, it } from '@jest/globals';

import { postgresClaimCheck } from '../../lib/integrations/postgres/index.js';
import { claimCheckStoreContract } from '../../lib/testing/index.js';

describe('contract of the store of payloads on Postgres', () => {
  const options = { connection: process.env['TEST_POSTGRES_URL'] ?? '', schema: 'test_claims', migrate: true };

  it.each(claimCheckStoreContract({ store: () => postgresClaimCheck(options) }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
