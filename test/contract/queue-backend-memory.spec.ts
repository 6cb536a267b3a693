import { describe, expect, it } from '@jest/globals';

import { inMemoryQueue } from '../../lib/run-modes/memory/in-memory-queue.js';
import { queueBackendContract } from '../../lib/testing/index.js';

describe('contract of the in-memory queue', () => {
  it.each(queueBackendContract({ factory: () => inMemoryQueue() }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
