import { describe, expect, it } from '@jest/globals';

import { postgresIdempotency } from '../../lib/integrations/postgres/index.js';
import { idempotencyStoreContract } from '../../lib/testing/index.js';

describe('contract of the idempotency store on Postgres', () => {
  const options = { connection: process.env['TEST_POSTGRES_URL'] ?? '', schema: 'test_contract', migrate: true };

  it.each(idempotencyStoreContract({ store: () => postgresIdempotency(options) }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
