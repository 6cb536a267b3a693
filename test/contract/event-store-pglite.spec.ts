import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { pglitePool, postgresEventStore, postgresSnapshots } from '../../lib/integrations/postgres/index.js';
import { eventStoreContract, snapshotStoreContract } from '../../lib/testing/index.js';
import { testEventStoreProperties } from './event-store-properties.js';

const database = new PGlite();
const options = { connection: pglitePool(database), migrate: true };

beforeAll(() => database.waitReady);
afterAll(() => database.close());

describe('contract of the event store on PGlite', () => {
  it.each(eventStoreContract({ store: () => postgresEventStore(options) }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('contract of the snapshot store on PGlite', () => {
  it.each(snapshotStoreContract({ store: () => postgresSnapshots(options) }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('the event store on PGlite', () => {
  const store = postgresEventStore(options);
  afterAll(() => store.close?.());
  testEventStoreProperties(() => store, 10);

  it('appends in a transaction of its database, and nothing of it where that fails', async () => {
    const event = { id: 'e1', name: 'happened', schemaVersion: 1, payload: '{}', metadata: {} };
    const append = (fails: boolean) =>
      database.transaction(async (transaction) => {
        await store.append('lite-1', [event], { expectedVersion: 'none', transaction });
        if (fails) throw new RangeError('undone');
      });
    await expect(append(true)).rejects.toThrow('undone');
    expect(await store.streamFacts('lite-1')).toBeUndefined();
    await append(false);
    expect(await store.streamFacts('lite-1')).toMatchObject({ version: 1 });
  });

  it('is left usable by tables that cannot be made', async () => {
    await database.exec('CREATE SCHEMA lite; CREATE TABLE lite.dispatch_closed_streams (one int)');
    const broken = postgresEventStore({ ...options, schema: 'lite' });
    await expect(broken.open?.()).rejects.toThrow('already exists');
    await broken.close?.();
    expect(await store.lastPosition()).toBeGreaterThan(0);
  });
});
