import { describe, expect, it } from '@jest/globals';
import type { EventStore } from 'nestjs-dispatch';
import type { PostgresTransaction } from 'nestjs-dispatch/postgres';

import { rejectionOf } from '../../../unit/dispatcher/application.js';
import { until } from '../../bullmq/instance.js';
import { append, begin, events, names, openStore } from './event-bench.js';

type Store = EventStore<PostgresTransaction>;

/** A store, and an append of two events to `order-1` whose statement has begun, and stands still until it is let go. */
async function standingAppend() {
  const { schema, pool, store } = await openStore();
  await append(store, '1');
  const { rows } = await pool.query<{ oid: string }>(`SELECT '"${schema}".dispatch_events'::regclass::oid AS oid`);
  const oid = Number(rows[0]?.oid);
  // The lock that everyone else takes shared: its key is the last position there is.
  const blocker = await begin();
  await blocker.query('SELECT pg_advisory_xact_lock($1::int, 1)', [oid]);
  const appending = store.append('order-1', events('a', 'b'), { expectedVersion: 'any' });
  const outcome = rejectionOf(appending);
  await until('the append', async () => {
    const waiting = await pool.query('SELECT FROM pg_locks WHERE classid = $1 AND NOT granted', [oid]);
    return waiting.rowCount === 1;
  });
  return { pool, store, outcome, letGo: () => blocker.query('COMMIT') };
}

describe('a stream that is closed after the statement of an append has begun, and before it has looked', () => {
  it.each([
    ['archived', (store: Store) => store.archive('order-1'), ['1']],
    ['deleted', (store: Store) => store.delete('order-1'), []],
  ])('is appended to no more where it is %s', async (closed, close, left) => {
    const { store, outcome, letGo } = await standingAppend();
    await close(store);
    await letGo();
    expect(await outcome).toMatchObject({ code: `DISPATCH_STREAM_${closed.toUpperCase()}` });
    expect(await names(store)).toEqual(left);
  });
});

describe('a stream that is closed after a transaction has taken its snapshot, at repeatable read', () => {
  it.each([
    ['archived', (store: Store) => store.archive('order-1'), ['1']],
    ['deleted', (store: Store) => store.delete('order-1'), []],
  ])(
    'is appended to no more where it is %s: the server says that the transaction has to be repeated',
    async (_closed, close, left) => {
      const { store } = await openStore();
      await append(store, '1');
      const old = await begin('REPEATABLE READ');
      await old.query('SELECT 1');
      await close(store);
      expect(await rejectionOf(append(store, '1', old))).toMatchObject({ code: '40001' });
      await old.query('ROLLBACK');
      expect(await names(store)).toEqual(left);
    },
  );

  it('is appended to where another one is', async () => {
    const { store } = await openStore();
    await append(store, '1');
    await append(store, '2');
    const old = await begin('REPEATABLE READ');
    await old.query('SELECT 1');
    await store.archive('order-2');
    await append(store, '1', old);
    await append(store, '1', old);
    await old.query('COMMIT');
    expect(await append(store, '1')).toMatchObject({ version: 4 });
    expect(await store.streamFacts('order-1')).toEqual({ version: 4, isArchived: false, isDeleted: false });
  });
});
