import { describe, expect, it } from '@jest/globals';
import { migratePostgres, postgresIdempotency, postgresMigrationSql } from 'nestjs-dispatch/postgres';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { startCharging } from '../../unit/pipeline/idempotency/charging.js';
import { freshSchema, SHARED } from './fresh-schema.js';

const CLAIM = { key: 'k', token: 't', lockMs: 60_000, isWaiting: false };

describe('tables of a store on Postgres', () => {
  it('that are missing stop the start, which says what to do', async () => {
    const { schema } = freshSchema();
    const store = postgresIdempotency({ connection: SHARED, schema });
    const error = await rejectionOf(startCharging({}, { options: { idempotency: { store } } }));
    expect(error).toMatchObject({
      code: 'DISPATCH_POSTGRES_TABLES',
      foundVersion: 0,
      message: expect.stringContaining(`npx nestjs-dispatch migrate --schema ${schema}`) as unknown,
    });
  });

  it('that are missing are found once they have been made, without a new start', async () => {
    const { schema } = freshSchema();
    const store = postgresIdempotency({ connection: SHARED, schema });
    expect(await rejectionOf(store.claim(CLAIM))).toMatchObject({ code: 'DISPATCH_POSTGRES_TABLES' });
    await migratePostgres({ connection: SHARED, schema, features: ['idempotency'] });
    expect(await store.claim(CLAIM)).toEqual({ status: 'claimed' });
    await store.close?.();
  });

  it('are made once by several who begin at the same time, and not again later', async () => {
    const { schema, pool } = freshSchema();
    await Promise.all(Array.from({ length: 5 }, () => migratePostgres({ connection: SHARED, schema })));
    const versions = `SELECT feature, version, made_at FROM "${schema}".dispatch_tables ORDER BY feature, version`;
    const { rows } = await pool.query(versions);
    await migratePostgres({ connection: SHARED, schema });
    expect((await pool.query(versions)).rows).toEqual(rows);
    expect(rows).toEqual(expect.arrayContaining([expect.objectContaining({ feature: 'idempotency', version: 1 })]));
  });

  it('are made by the printed statements as well, in one transaction', async () => {
    const { schema, pool } = freshSchema();
    const sql = postgresMigrationSql({ schema });
    const error = await rejectionOf(pool.query(sql.replace('dispatch_idempotency_ends_at', 'dispatch_tables')));
    expect(error).toMatchObject({ code: '42P07' });
    expect((await pool.query(`SELECT to_regnamespace('${schema}') AS found`)).rows).toEqual([{ found: null }]);
    await pool.query(sql);
    const store = postgresIdempotency({ connection: SHARED, schema });
    await store.open?.();
    await store.close?.();
  });

  it('of an older release stop the start, and those of a newer one do not', async () => {
    const { schema, pool } = freshSchema();
    await migratePostgres({ connection: SHARED, schema });
    const open = async (): Promise<void> => {
      const store = postgresIdempotency({ connection: SHARED, schema });
      try {
        await store.open?.();
      } finally {
        await store.close?.();
      }
    };
    await pool.query(`INSERT INTO "${schema}".dispatch_tables (feature, version) VALUES ('idempotency', 99)`);
    await expect(open()).resolves.toBeUndefined();
    await pool.query(`DELETE FROM "${schema}".dispatch_tables WHERE feature = 'idempotency'`);
    await expect(open()).rejects.toMatchObject({ code: 'DISPATCH_POSTGRES_TABLES' });
  });
});

describe('options of a store on Postgres', () => {
  it.each<[string, unknown, string]>([
    ['none', null, 'takes an object'],
    ['a pool', { connect: () => undefined }, 'write { connection }'],
    ['an unknown one', { url: 'postgres://localhost' }, 'unknown option "url"'],
    ['a number for a connection', { connection: 5432 }, 'neither text nor object'],
    ['half a pool', { connection: { connect: () => undefined } }, 'no pool of pg'],
    ['an address', { connection: 'http://localhost' }, 'postgres://'],
    ['a schema', { schema: 'a"b' }, 'not a name of letters'],
    ['a choice', { atBoot: 'never' }, 'atBoot "never"'],
    ['a time', { sweepEveryMs: 5, commandTimeoutMs: -1 }, 'commandTimeoutMs -1'],
  ])('are refused: %s', (_title, options, text) => {
    expect(() => postgresIdempotency(options as object)).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_POSTGRES_OPTIONS',
        message: expect.stringContaining(text) as unknown,
      }),
    );
  });

  it('are refused where statements are printed or run', async () => {
    expect(() => postgresMigrationSql({ schema: "x'; DROP", features: ['all'] as never })).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_POSTGRES_OPTIONS',
        problems: [expect.any(String), expect.any(String)],
      }),
    );
    await expect(migratePostgres({ features: 'all' as never })).rejects.toMatchObject({
      code: 'DISPATCH_INVALID_POSTGRES_OPTIONS',
    });
  });
});
