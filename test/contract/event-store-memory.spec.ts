import { describe, expect, it } from '@jest/globals';

import { inMemoryEventStore } from '../../lib/index.js';
import { eventStoreContract } from '../../lib/testing/index.js';
import { testEventStoreProperties } from './event-store-properties.js';

describe('contract of the event store in memory', () => {
  it.each(eventStoreContract({ store: () => inMemoryEventStore() }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('the event store in memory', () => {
  const store = inMemoryEventStore();
  testEventStoreProperties(() => store, 100);
});
