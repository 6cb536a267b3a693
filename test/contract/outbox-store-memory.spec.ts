import { describe, expect, it } from '@jest/globals';

import { inMemoryOutbox, inMemoryTransactions } from '../../lib/index.js';
import { outboxStoreContract } from '../../lib/testing/index.js';

describe('contract of the outbox in memory', () => {
  const place = () => {
    const [store, scope] = [inMemoryOutbox(), inMemoryTransactions()];
    return { store: () => store, transact: (work: (client: unknown) => Promise<void>) => scope.run(work, {}) };
  };

  it.each(outboxStoreContract({ place }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
