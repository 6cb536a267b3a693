import { describe, expect, it } from '@jest/globals';

import { inMemoryDeadLetters } from '../../lib/index.js';
import { deadLetterStoreContract } from '../../lib/testing/index.js';

describe('contract of the store of dead letters in memory', () => {
  it.each(deadLetterStoreContract({ store: () => inMemoryDeadLetters() }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
