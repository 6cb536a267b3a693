import { describe, expect, it } from '@jest/globals';

import { bullmqPostgres } from '../../lib/integrations/bullmq/index.js';
import { queueBackendContract } from '../../lib/testing/index.js';

describe('contract of BullMQ on Postgres', () => {
  const connection = process.env['TEST_POSTGRES_URL'] ?? '';

  it.each(queueBackendContract({ factory: () => bullmqPostgres({ connection, migrate: true }) }))(
    '$title',
    async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    },
  );
});
