import { describe, expect, it } from '@jest/globals';
import { postgresEventStore, postgresSnapshots } from 'nestjs-dispatch/postgres';
import { Pool } from 'pg';

import { startPostgres } from '../../services/postgres.js';
import { rejectionOf } from '../../unit/dispatcher/application.js';
import { Order, startOrders } from '../../unit/event-store/aggregates/orders.js';
import { freshSchema, SHARED } from './fresh-schema.js';

async function startOn(connection: string, schema: string, commandTimeoutMs = 5000) {
  const options = { connection, schema, migrate: true };
  const snapshots = postgresSnapshots({ ...options, commandTimeoutMs });
  return startOrders({ store: postgresEventStore(options), eventStore: { snapshots } });
}

describe('snapshots on Postgres', () => {
  it('spare another process reading what is in them', async () => {
    const { schema } = freshSchema();
    const one = await startOn(SHARED, schema);
    await one.orders.save(Order.place('7', 'ada').add(1).add(2).add(3).add(4));
    const other = await startOn(SHARED, schema);
    expect(await other.orders.load('7')).toMatchObject({ customer: 'ada', quantity: 10, version: 5, appliedCount: 0 });
  });

  it('that are spoilt are told, and done without', async () => {
    const { schema, pool } = freshSchema();
    const { orders } = await startOn(SHARED, schema);
    await orders.save(Order.place('7', 'ada').add(1).add(2).add(3).add(4));
    await pool.query(`UPDATE "${schema}".dispatch_snapshots SET state = '{"broken'`);
    expect(await orders.load('7')).toMatchObject({ quantity: 10, appliedCount: 5 });
  });

  it('that cannot be reached fail nothing', async () => {
    const { schema } = freshSchema();
    const postgres = await startPostgres();
    const options = { connection: postgres.url, migrate: true, commandTimeoutMs: 100 };
    const snapshots = postgresSnapshots(options);
    const store = postgresEventStore({ connection: SHARED, schema, migrate: true });
    const { orders } = await startOrders({ store, eventStore: { snapshots } });
    await postgres.stop();
    await orders.save(Order.place('7', 'ada').add(1).add(2).add(3).add(4));
    expect(await orders.load('7')).toMatchObject({ quantity: 10, appliedCount: 5 });
    expect(await rejectionOf(snapshots.load('order-7'))).toMatchObject({ code: 'DISPATCH_POSTGRES_UNAVAILABLE' });
  });

  it('without tables stop the start', async () => {
    const { schema } = freshSchema();
    const store = postgresEventStore({ connection: SHARED, schema, migrate: true });
    const snapshots = postgresSnapshots({ connection: SHARED, schema });
    const error = await rejectionOf(startOrders({ store, eventStore: { snapshots } }));
    expect(error).toMatchObject({ code: 'DISPATCH_POSTGRES_TABLES', feature: 'snapshots' });
  });

  it.each([
    { preparedStatements: true, keptCount: 1 },
    { preparedStatements: false, keptCount: 0 },
  ])('are loaded with $keptCount statements kept where preparedStatements is $preparedStatements', async (given) => {
    const { schema } = freshSchema();
    const pool = new Pool({ connectionString: SHARED, max: 1 });
    const { preparedStatements } = given;
    const snapshots = postgresSnapshots({ connection: pool, schema, migrate: true, preparedStatements });
    await snapshots.open?.();
    const snapshot = { stream: 'order-7', version: 3, schemaVersion: 1, state: '{}' };
    await snapshots.save(snapshot);
    expect([await snapshots.load('order-7'), await snapshots.load('order-8')]).toEqual([snapshot, undefined]);
    const { rows } = await pool.query('SELECT statement FROM pg_prepared_statements');
    expect(rows).toHaveLength(given.keptCount);
    await pool.end();
  });

  it('are refused with wrong options, all of them in one error', () => {
    const wrong = { preparedStatements: 1, schema: 'a"b', other: 1 } as never;
    const problems = Array.from({ length: 3 }, () => expect.any(String) as unknown);
    expect(() => postgresSnapshots(wrong)).toThrow(
      expect.objectContaining({ code: 'DISPATCH_INVALID_POSTGRES_OPTIONS', problems }),
    );
  });
});
