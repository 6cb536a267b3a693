import { describe, expect, it } from '@jest/globals';

import { memoryRateLimits } from '../../lib/index.js';
import { rateLimitStoreContract } from '../../lib/testing/index.js';

describe('contract of the rate limits in memory', () => {
  it.each(rateLimitStoreContract({ store: () => memoryRateLimits() }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
