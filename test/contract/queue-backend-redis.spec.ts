import { describe, expect, it } from '@jest/globals';

import { bullmq } from '../../lib/integrations/bullmq/index.js';
import { queueBackendContract } from '../../lib/testing/index.js';

describe('contract of BullMQ on Redis', () => {
  const connection = process.env['TEST_REDIS_URL'] ?? '';

  it.each(queueBackendContract({ factory: () => bullmq({ connection }) }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
