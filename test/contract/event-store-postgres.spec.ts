import { afterAll, describe, expect, it } from '@jest/globals';

import { postgresEventStore } from '../../lib/integrations/postgres/index.js';
import { eventStoreContract } from '../../lib/testing/index.js';
import { testEventStoreProperties } from './event-store-properties.js';

const connection = process.env['TEST_POSTGRES_URL'] ?? '';

describe('contract of the event store on Postgres', () => {
  const store = () => postgresEventStore({ connection, schema: 'test_event_store', migrate: true });

  it.each(eventStoreContract({ store }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('the event store on Postgres', () => {
  const store = postgresEventStore({ connection, schema: 'test_event_store', migrate: true });
  afterAll(() => store.close?.());
  testEventStoreProperties(() => store, 30);
});
