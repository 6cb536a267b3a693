import { describe, expect, it } from '@jest/globals';

import { inMemorySnapshots } from '../../lib/index.js';
import { snapshotStoreContract } from '../../lib/testing/index.js';

describe('contract of the snapshot store in memory', () => {
  it.each(snapshotStoreContract({ store: () => inMemorySnapshots() }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
