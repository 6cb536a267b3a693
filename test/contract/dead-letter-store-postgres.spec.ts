import { describe, expect, it } from '@jest/globals';

import { postgresDeadLetters } from '../../lib/integrations/postgres/index.js';
import { deadLetterStoreContract } from '../../lib/testing/index.js';

describe('contract of the store of dead letters on Postgres', () => {
  const options = { connection: process.env['TEST_POSTGRES_URL'] ?? '', schema: 'test_letters', migrate: true };

  it.each(deadLetterStoreContract({ store: () => postgresDeadLetters(options) }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
