import { describe, expect, it } from '@jest/globals';

import { redisIdempotency } from '../../lib/integrations/redis/index.js';
import { idempotencyStoreContract } from '../../lib/testing/index.js';

describe('contract of the idempotency store on Redis', () => {
  const connection = process.env['TEST_REDIS_URL'] ?? '';

  it.each(idempotencyStoreContract({ store: () => redisIdempotency({ connection }) }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
