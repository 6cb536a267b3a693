import { randomUUID } from 'node:crypto';

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { migratePostgres, postgresIdempotency } from 'nestjs-dispatch/postgres';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { ChargeCard, startCharging } from '../../unit/pipeline/idempotency/charging.js';
import { until } from '../bullmq/instance.js';
import { freshSchema, SHARED } from './fresh-schema.js';

/** An application with a store of its own, as in a process of its own. */
function startSharing(schema: string) {
  const store = postgresIdempotency({ connection: SHARED, schema, migrate: true });
  return startCharging({}, { options: { idempotency: { store } } });
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('two applications with one store on Postgres', () => {
  it('run a call once, and give both callers its result', async () => {
    const { schema } = freshSchema();
    const [one, other] = await Promise.all([startSharing(schema), startSharing(schema)]);
    const first = one.dispatcher.execute(new ChargeCard('7'));
    const { end } = await one.begun(0);
    const second = other.dispatcher.execute(new ChargeCard('7'));
    const result = { paidAt: new Date(0), note: 'Größe 🦊\u0000' };
    end.resolve(result);
    expect(await Promise.all([first, second])).toEqual([result, result]);
    expect(other.runs).toHaveLength(0);
  });

  it('give a key that failed to the next one, wherever that is', async () => {
    const { schema } = freshSchema();
    const [one, other] = await Promise.all([startSharing(schema), startSharing(schema)]);
    const first = rejectionOf(one.dispatcher.execute(new ChargeCard('7')));
    (await one.begun(0)).end.reject(new RangeError('declined'));
    expect(await first).toMatchObject({ message: 'declined' });
    const second = other.dispatcher.execute(new ChargeCard('7'));
    (await other.begun(0)).end.resolve('paid');
    expect(await second).toBe('paid');
  });

  it('do not know of each other with different schemas', async () => {
    for (const { schema } of [freshSchema(), freshSchema()]) {
      const { dispatcher, begun } = await startSharing(schema);
      const paid = dispatcher.execute(new ChargeCard('7'));
      (await begun(0)).end.resolve(schema);
      expect(await paid).toBe(schema);
    }
  });
});

describe('the connections of a store', () => {
  it('stay open where a pool was given, and need no search path', async () => {
    const { schema, pool } = freshSchema();
    await migratePostgres({ connection: pool, schema });
    const listenerCount = pool.listenerCount('error');
    const store = postgresIdempotency({ connection: pool, schema });
    const { app, dispatcher, begun } = await startCharging({}, { options: { idempotency: { store } } });
    const paid = dispatcher.execute(new ChargeCard('7'));
    (await begun(0)).end.resolve('paid');
    await paid;
    await app.close();
    const { rows } = await pool.query(`SELECT state FROM "${schema}".dispatch_idempotency`);
    expect(rows).toEqual([{ state: 'completed' }]);
    expect(pool.listenerCount('error')).toBe(listenerCount);
  });

  it('are closed with the application where they were not given', async () => {
    const { schema, pool } = freshSchema();
    const name = `test-${randomUUID()}`;
    const connection = { connectionString: SHARED, application_name: name };
    const store = postgresIdempotency({ connection, schema, migrate: true });
    const { app } = await startCharging({}, { options: { idempotency: { store } } });
    const count = async (): Promise<number> =>
      (await pool.query('SELECT FROM pg_stat_activity WHERE application_name = $1', [name])).rowCount ?? 0;
    expect(await count()).toBeGreaterThan(0);
    await app.close();
    await until('the server to have closed them', async () => (await count()) === 0);
  });
});

describe('rows whose time is over', () => {
  it('are deleted, any number of them, and no others', async () => {
    const { schema, pool } = freshSchema();
    const store = postgresIdempotency({ connection: SHARED, schema, migrate: true, sweepEveryMs: 1000 });
    await store.open?.();
    const table = `"${schema}".dispatch_idempotency`;
    await pool.query(`INSERT INTO ${table} (key, state, token, ends_at)
      SELECT int4send(n), 'completed', 't', now() - interval '1 hour' FROM generate_series(1, 1700) AS n`);
    await store.claim({ key: 'held', token: 't', lockMs: 60_000, isWaiting: false });
    await until('all but one to be gone', async () => (await pool.query(`SELECT FROM ${table}`)).rowCount === 1);
    expect((await pool.query(`SELECT state FROM ${table}`)).rows).toEqual([{ state: 'running' }]);
    await store.close?.();
  });

  it('that may not be deleted are told of once, as a warning of the process', async () => {
    const { schema, pool } = freshSchema();
    const store = postgresIdempotency({ connection: SHARED, schema, migrate: true, sweepEveryMs: 1000 });
    await store.open?.();
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    await store.claim({ key: 'held', token: 't', lockMs: 60_000, isWaiting: false });
    await pool.query(`DROP TABLE "${schema}".dispatch_idempotency`);
    await until('the warning', () => warn.mock.calls.length > 0);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('cannot be deleted'), {
      code: 'DISPATCH_POSTGRES_SWEEP',
    });
    await store.close?.();
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
