import { afterAll, describe, expect, it } from '@jest/globals';

import { postgresInbox, postgresTransactions } from '../../lib/integrations/postgres/index.js';
import { inboxStoreContract } from '../../lib/testing/index.js';

describe('contract of the inbox on Postgres', () => {
  const connection = process.env['TEST_POSTGRES_URL'] ?? '';
  const transactions = postgresTransactions({ connection });
  const store = () => postgresInbox({ connection, schema: 'test_contract', migrate: true });

  afterAll(() => transactions.close?.());

  it.each(inboxStoreContract({ store, transactions }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
