import { describe, expect, it } from '@jest/globals';
import type { EventStore } from 'nestjs-dispatch';
import type { PostgresTransaction } from 'nestjs-dispatch/postgres';

import { rejectionOf } from '../../../unit/dispatcher/application.js';
import { until } from '../../bullmq/instance.js';
import { SHARED } from '../fresh-schema.js';
import { append, begin, events, names, openIn, openStore } from './event-bench.js';

type Store = EventStore<PostgresTransaction>;

/**
 * An append of two events to `order-1` whose statement has its snapshot, and stands still before it tries the lock of its stream until it
 * is let go; and a store beside it.
 */
async function standingAppend() {
  const { schema, pool, store } = await openStore();
  await append(store, '1');
  await pool.query(`CREATE FUNCTION "${schema}".pg_try_advisory_xact_lock(key bigint) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared(hashtext('${schema}')); RETURN pg_catalog.pg_try_advisory_xact_lock(key); END $$`);
  const connection = { connectionString: SHARED, options: `-c search_path=${schema},pg_catalog` };
  const standing = await openIn(schema, { connection });
  const blocker = await begin();
  await blocker.query(`SELECT pg_advisory_xact_lock(hashtext('${schema}'))`);
  const appending = standing.append('order-1', events('a', 'b'), { expectedVersion: 'any' });
  await until('the append', async () => {
    const text = `SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))`;
    return (await blocker.query(text)).rowCount === 1;
  });
  return { schema, pool, store, appending, letGo: () => blocker.query('COMMIT') };
}

describe('a stream that is closed after the statement of an append has begun, and before it has looked', () => {
  it.each([
    ['archived', (store: Store) => store.archive('order-1'), ['1', 'a', 'b']],
    ['deleted', (store: Store) => store.delete('order-1'), []],
  ])('is %s when that append is over, and takes no other one meanwhile', async (closed, close, left) => {
    const { store, appending, letGo } = await standingAppend();
    let isClosed = false;
    const closing = close(store).finally(() => (isClosed = true));
    await until('the mark', async () => (await store.streamFacts('order-1'))?.isArchived === true);
    await expect(append(store, '1')).rejects.toMatchObject({ code: 'DISPATCH_STREAM_ARCHIVED' });
    expect(isClosed).toBe(false);
    await letGo();
    expect(await appending).toMatchObject({ version: 3 });
    expect(await closing).toBe(true);
    expect(await store.streamFacts('order-1')).toMatchObject({ version: 3, isDeleted: closed === 'deleted' });
    expect(await names(store)).toEqual(left);
    await expect(append(store, '1')).rejects.toMatchObject({ code: `DISPATCH_STREAM_${closed.toUpperCase()}` });
  });
});

describe('a stream that is closed while somebody else writes to the table and does not end', () => {
  it('takes no events any more, and the call says in time that it has to be repeated', async () => {
    const { schema, store } = await openStore({ commandTimeoutMs: 200 });
    await append(store, '1');
    const strange = await begin();
    await strange.query(`DELETE FROM "${schema}".dispatch_events WHERE stream = 'order-none'`);
    await expect(store.delete('order-1')).rejects.toMatchObject({ code: 'DISPATCH_STREAM_CLOSING', stream: 'order-1' });
    await expect(append(store, '1')).rejects.toMatchObject({ code: 'DISPATCH_STREAM_ARCHIVED' });
    await strange.query('COMMIT');
    expect(await store.delete('order-1')).toBe(true);
    expect(await names(store)).toEqual([]);
  });
});

describe('a stream that is closed after a transaction has taken its snapshot, at repeatable read', () => {
  it.each([
    ['archived', (store: Store) => store.archive('order-1'), ['1']],
    ['deleted', (store: Store) => store.delete('order-1'), []],
  ])('is appended to no more where it is %s: the transaction has to be repeated', async (_closed, close, left) => {
    const { store } = await openStore();
    await append(store, '1');
    const old = await begin('REPEATABLE READ');
    await old.query('SELECT 1');
    await close(store);
    expect(await rejectionOf(append(store, '1', old))).toMatchObject({
      code: 'DISPATCH_TRANSACTION_CONFLICT',
      cause: { code: '40001' },
    });
    await old.query('ROLLBACK');
    expect(await names(store)).toEqual(left);
  });

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
