import { describe, expect, it } from '@jest/globals';

import { memoryIdempotency } from '../../lib/index.js';
import { idempotencyStoreContract } from '../../lib/testing/index.js';

describe('contract of the idempotency store in memory', () => {
  it.each(idempotencyStoreContract({ store: () => memoryIdempotency() }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
