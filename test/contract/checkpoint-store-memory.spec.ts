import { describe, expect, it } from '@jest/globals';

import { inMemoryCheckpoints, inMemoryTransactions } from '../../lib/index.js';
import { checkpointStoreContract } from '../../lib/testing/index.js';

describe('contract of the store of checkpoints in memory', () => {
  const scope = inMemoryTransactions();
  const cases = checkpointStoreContract({ store: inMemoryCheckpoints, transact: (work) => scope.run(work, {}) });

  it.each(cases)('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
