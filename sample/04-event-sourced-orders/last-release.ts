import { postgresEventStore } from 'nestjs-dispatch/postgres';

import type { StoreAddress } from '../queue-store.js';

/** Leaves in the store what a release of last year has written: an order whose amount has no currency. */
export async function runLastRelease({ url, namespace }: StoreAddress): Promise<void> {
  const store = postgresEventStore({ connection: url, schema: namespace });
  await store.open?.();
  const placed = {
    id: '00000000-0000-4000-8000-000000000001',
    name: 'orders.placed',
    schemaVersion: 1,
    payload: JSON.stringify({ customer: 'ada', cents: 4500 }),
    metadata: {},
  };
  await store.append('order-7', [placed], { expectedVersion: 'none' });
  await store.close?.();
}
