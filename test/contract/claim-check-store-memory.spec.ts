import { describe, expect, it } from '@jest/globals';

import { memoryClaimCheck } from '../../lib/index.js';
import { claimCheckStoreContract } from '../../lib/testing/index.js';

describe('contract of the store of payloads in memory', () => {
  it.each(claimCheckStoreContract({ store: () => memoryClaimCheck() }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
