import { randomUUID } from 'node:crypto';

import pg from 'pg';
import type { AppendResult, EventStore, ExpectedVersion, NewEvent, StoredEvent } from 'nestjs-dispatch';
import { postgresEventStore, type PostgresEventStoreOptions, type PostgresTransaction } from 'nestjs-dispatch/postgres';

import { pagesOfAll } from '../../../../lib/event-store/reading/pages.js';
import { closedAfterwards, freshSchema, SHARED } from '../fresh-schema.js';

/** A store in a schema of its own, with its tables, and a pool to look into it. */
export async function openStore(options: PostgresEventStoreOptions = {}) {
  const { schema, pool } = freshSchema();
  const store = await openIn(schema, options);
  return { schema, pool, store };
}

/** A store in a schema that may have others. */
export async function openIn(
  schema: string,
  options: PostgresEventStoreOptions = {},
): Promise<EventStore<PostgresTransaction>> {
  const store = postgresEventStore({ connection: SHARED, schema, migrate: true, ...options });
  closedAfterwards(() => store.close?.());
  await store.open?.();
  return store;
}

/** A connection in a transaction. */
export async function begin(isolation = 'READ COMMITTED'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: SHARED });
  await client.connect();
  closedAfterwards(() => client.end());
  await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
  return client;
}

/** Events with these names. */
export function events(...called: readonly string[]): NewEvent[] {
  return called.map((name) => ({ id: randomUUID(), name, schemaVersion: 1, payload: '{}', metadata: {} }));
}

/** Appends an event of this name to a stream of the same id. */
export function append(
  store: EventStore<PostgresTransaction>,
  name: string,
  transaction?: PostgresTransaction,
  expectedVersion: ExpectedVersion = 'any',
): Promise<AppendResult> {
  return store.append(`order-${name}`, events(name), { expectedVersion, transaction });
}

/** The names of all events that can be read behind a position, in their order. */
export async function names(store: EventStore<PostgresTransaction>, afterPosition = 0): Promise<string[]> {
  return (await all(store, afterPosition)).map(({ name }) => name);
}

/** All events that can be read behind a position. */
export async function all(store: EventStore<PostgresTransaction>, afterPosition = 0): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  for await (const page of pagesOfAll(store, { afterPosition, pageSize: 7 })) found.push(...page);
  return found;
}
