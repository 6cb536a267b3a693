import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';

import {
  postgresTransactions,
  type PostgresTransactionClient,
  type PostgresTransactionsOptions,
} from '../../../lib/integrations/postgres/index.js';
import { Transactions } from '../../../lib/transactions/transactions.js';
import { freshSchema, SHARED } from './fresh-schema.js';

const open: Transactions<PostgresTransactionClient>[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((transactions) => transactions.close()));
});

async function startWith(options: PostgresTransactionsOptions = {}) {
  const { schema, pool } = freshSchema();
  await pool.query(
    `CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}".notes (text text UNIQUE DEFERRABLE INITIALLY DEFERRED)`,
  );
  const scope = postgresTransactions({ connection: SHARED, ...options });
  const transactions = new Transactions(scope, () => undefined);
  open.push(transactions);
  const insert = `INSERT INTO "${schema}".notes VALUES ($1)`;
  const texts = async () =>
    (await pool.query(`SELECT text FROM "${schema}".notes ORDER BY text`)).rows.map(({ text }) => text);
  return { transactions, insert, texts, schema, pool };
}

describe('a transaction on Postgres', () => {
  it('leaves nothing behind where its work rejects, and the next one works on the same connection', async () => {
    const { transactions, insert, texts } = await startWith({ maxConnections: 1 });
    const failing = transactions.run(async ({ client }) => {
      await client.query(insert, ['lost']);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await transactions.run(({ client }) => client.query({ text: insert, values: ['kept'] }));
    expect(await texts()).toEqual(['kept']);
  });

  it('is rolled back, and says so, where a statement failed and its work went on', async () => {
    const { transactions, insert, texts } = await startWith();
    const going = transactions.run(async ({ client }) => {
      await client.query(insert, ['lost']);
      await client.query('SELECT 1 / 0').catch(() => 'swallowed');
    });
    await expect(going).rejects.toMatchObject({ code: 'DISPATCH_TRANSACTION_ABORTED', cause: { code: '22012' } });
    expect(await texts()).toEqual([]);
  });

  it('is committed where a savepoint undid the statement that failed', async () => {
    const { transactions, insert, texts } = await startWith();
    await transactions.run(async ({ client }) => {
      await client.query(insert, ['kept']);
      await client.query('SAVEPOINT before');
      await client.query('SELECT 1 / 0').catch(() => client.query('ROLLBACK TO before'));
    });
    expect(await texts()).toEqual(['kept']);
  });

  it('rejects with what the server says where the commit itself fails, and the next one works', async () => {
    const { transactions, insert, texts } = await startWith({ maxConnections: 1 });
    await transactions.run(({ client }) => client.query(insert, ['one']));
    const again = transactions.run(({ client }) => client.query(insert, ['one']));
    await expect(again).rejects.toMatchObject({ code: '23505' });
    await transactions.run(({ client }) => client.query(insert, ['two']));
    expect(await texts()).toEqual(['one', 'two']);
  });

  it('gives its work a client that is of no use once it is over, whoever has the connection by then', async () => {
    const { transactions, insert, texts } = await startWith({ maxConnections: 1 });
    const late = await transactions.run(({ client }) => Promise.resolve(client));
    await transactions.run(async ({ client }) => {
      await client.query(insert, ['kept']);
      await expect(late.query(insert, ['stray'])).rejects.toMatchObject({ code: 'DISPATCH_TRANSACTION_OVER' });
    });
    expect(await texts()).toEqual(['kept']);
  });

  it.each([
    ['read committed', 'read committed'],
    ['repeatable read', 'repeatable read'],
    ['serializable', 'serializable'],
  ] as const)('runs as %s where that is asked for', async (isolation, expected) => {
    const { transactions } = await startWith();
    const level = await transactions.run(
      async ({ client }) => (await client.query<{ transaction_isolation: string }>('SHOW transaction_isolation')).rows,
      { isolation },
    );
    expect(level).toEqual([{ transaction_isolation: expected }]);
  });

  it('refuses an isolation that is none, for it would be part of a statement', async () => {
    const { transactions } = await startWith();
    const isolation = 'serializable; DROP TABLE notes' as 'serializable';
    const refused = transactions.run(() => Promise.resolve(), { isolation });
    await expect(refused).rejects.toMatchObject({ code: 'DISPATCH_INVALID_POSTGRES_OPTIONS' });
  });

  it('says that all connections are in use where it cannot begin in time', async () => {
    const { transactions } = await startWith({ maxConnections: 1, commandTimeoutMs: 100 });
    let end = (): void => undefined;
    const first = transactions.run(() => new Promise<void>((resolve) => (end = resolve)));
    // Not from within the first, which it would join.
    const second = transactions.run(() => Promise.resolve());
    await expect(second).rejects.toMatchObject({ code: 'DISPATCH_TRANSACTIONS_BUSY', maxConnections: 1 });
    end();
    await first;
    await transactions.run(() => Promise.resolve());
  });
});

describe('closing', () => {
  it('does not wait for ever for work that never ends, and has its connection back', async () => {
    const { insert, texts, schema } = await startWith();
    const pool = new pg.Pool({ connectionString: SHARED, max: 1 });
    const transactions = new Transactions(
      postgresTransactions({ connection: pool, commandTimeoutMs: 100 }),
      () => undefined,
    );
    let hanging: Promise<unknown> = Promise.resolve();
    await new Promise<void>((written) => {
      hanging = transactions.run(async ({ client }) => {
        await client.query(insert, ['lost']);
        written();
        await new Promise(() => undefined);
      });
    });
    await Promise.all([
      expect(hanging).rejects.toMatchObject({ code: 'DISPATCH_TRANSACTION_OVER' }),
      transactions.close(),
    ]);
    await pool.query(`SELECT FROM "${schema}".notes`);
    await pool.end();
    expect(await texts()).toEqual([]);
  });
});

describe('a scope that is closed', () => {
  it('begins no transaction any more, also on a pool that is open', async () => {
    const { pool } = await startWith();
    const transactions = new Transactions(postgresTransactions({ connection: pool }), () => undefined);
    const beginning = transactions.run(() => Promise.resolve());
    await Promise.all([
      expect(beginning).rejects.toMatchObject({ code: 'DISPATCH_TRANSACTION_OVER' }),
      transactions.close(),
    ]);
    await expect(transactions.run(() => Promise.resolve())).rejects.toMatchObject({
      code: 'DISPATCH_TRANSACTION_OVER',
    });
  });
});

describe('options', () => {
  it('that are wrong are all told in one error', () => {
    const options = { schema: 'x', isolation: 'none', maxConnections: 0 } as PostgresTransactionsOptions;
    expect(() => postgresTransactions(options)).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_POSTGRES_OPTIONS',
        message: expect.stringMatching(/isolation.*maxConnections.*"schema", which is for stores/),
      }),
    );
  });
});
