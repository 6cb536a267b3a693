import { describe, expect, it } from '@jest/globals';

import { postgresOutbox } from '../../lib/integrations/postgres/index.js';
import { outboxStoreContract } from '../../lib/testing/index.js';
import { freshSchema, SHARED } from '../integration/postgres/fresh-schema.js';
import { pgTransactions } from '../integration/postgres/pg-transactions.js';

describe('contract of the outbox on Postgres', () => {
  const place = () => {
    const { schema, pool } = freshSchema();
    const scope = pgTransactions(pool);
    return {
      store: () => postgresOutbox({ connection: SHARED, schema, migrate: true }),
      transact: (work: (client: unknown) => Promise<void>) => scope.run(work, {}),
    };
  };

  it.each(outboxStoreContract({ place }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
