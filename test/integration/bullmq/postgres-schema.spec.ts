import { randomUUID } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';

import { bullmqPostgres, migrateBullmqPostgres } from '../../../lib/integrations/bullmq/index.js';
import { entry, Instance, recorder, until } from './instance.js';

const connection = process.env['TEST_POSTGRES_URL'] ?? '';

describe('the schema of BullMQ on Postgres', () => {
  let schema: string;
  let pool: pg.Pool;

  beforeEach(() => {
    schema = `s_${randomUUID().replaceAll('-', '')}`;
    pool = new pg.Pool({ connectionString: connection, options: `-c search_path=${schema}`, max: 4 });
  });

  afterEach(async () => {
    await pool.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
    await pool.end();
  });

  it('says which call makes it where it is missing', async () => {
    const { backend } = new Instance(bullmqPostgres({ connection, schema }));
    await expect(backend.open()).rejects.toMatchObject({
      code: 'DISPATCH_INVALID_QUEUE_OPTIONS',
      message: expect.stringContaining('migrateBullmqPostgres(') as unknown,
    });
    await backend.close();
  });

  it('is made by several at once, and by a call of its own', async () => {
    await Promise.all([1, 2, 3].map(() => migrateBullmqPostgres({ connection, schema })));
    await migrateBullmqPostgres({ connection, schema });
    const { backend } = new Instance(bullmqPostgres({ connection, schema }));
    await expect(backend.open()).resolves.toBeUndefined();
    await backend.close();
  });

  it('says that an older release has made it', async () => {
    await migrateBullmqPostgres({ connection, schema });
    await pool.query('DELETE FROM dispatch_migration');
    const { backend } = new Instance(bullmqPostgres({ connection, schema }));
    await expect(backend.open()).rejects.toThrow('older release');
    await backend.close();
  });

  it('is found by a pool that is given, which stays open and keeps no listener', async () => {
    await migrateBullmqPostgres({ connection: pool, schema });
    const instance = new Instance(bullmqPostgres({ connection: pool, schema }));
    await instance.backend.open();
    const queue = await instance.queue({ lanes: 2 });
    const { seen, handle } = recorder();
    const consumer = await instance.backend.consume(queue, handle);
    await instance.enqueue(queue, entry(), entry({ key: 'a' }));
    await until('both deliveries', () => seen.length === 2);
    await consumer.close();
    await instance.backend.close();
    expect(pool.listenerCount('error')).toBe(0);
    await expect(pool.query('SELECT 1')).resolves.toMatchObject({ rowCount: 1 });
  });

  it('is refused with a pool whose connections do not find it', async () => {
    await migrateBullmqPostgres({ connection, schema });
    const blind = new pg.Pool({ connectionString: connection });
    const { backend } = new Instance(bullmqPostgres({ connection: blind, schema }));
    await expect(backend.open()).rejects.toThrow(`search_path=${schema}`);
    await backend.close();
    await blind.end();
  });

  it('lists all that is wrong with the options, and no password', () => {
    const options = { connection: 'mysql://u:secret@h/d', schema: 'a-b', maxConnections: 0, atBoot: 'maybe' };
    const make = (): Instance => new Instance(bullmqPostgres(options as never));
    expect(make).toThrow(/connection string .*schema "a-b".*maxConnections 0/);
    expect(make).toThrow(/atBoot "maybe"/);
    expect(make).not.toThrow('secret');
  });

  it('says what the server says where it lets nobody in', async () => {
    const missing = connection.replace(/\/[^/]*$/, '/no_such_database');
    const { backend } = new Instance(bullmqPostgres({ connection: missing }));
    await expect(backend.open()).rejects.toThrow('no_such_database');
    await backend.close();
  });
});
