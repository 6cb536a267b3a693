import { describe, expect, it } from '@jest/globals';

import { memorySequence } from '../../lib/index.js';
import { sequenceStoreContract } from '../../lib/testing/index.js';

describe('contract of the store of sequences in memory', () => {
  const store = () => memorySequence();

  it.each(sequenceStoreContract({ store }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
