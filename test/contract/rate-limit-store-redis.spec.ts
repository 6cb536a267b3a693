import { describe, expect, it } from '@jest/globals';

import { redisRateLimits } from '../../lib/integrations/redis/index.js';
import { rateLimitStoreContract } from '../../lib/testing/index.js';

describe('contract of the rate limits on Redis', () => {
  const connection = process.env['TEST_REDIS_URL'] ?? '';

  it.each(rateLimitStoreContract({ store: () => redisRateLimits({ connection }) }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
