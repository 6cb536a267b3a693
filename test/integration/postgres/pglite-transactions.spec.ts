import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { pglitePool, pgliteTransactions, postgresTransactions } from '../../../lib/integrations/postgres/index.js';
import { Transactions } from '../../../lib/transactions/transactions.js';

const database = new PGlite();
const transactions = new Transactions(pgliteTransactions(database), () => undefined);

beforeAll(() => database.exec('CREATE TABLE rows (id text PRIMARY KEY)'));
afterAll(() => database.close());

const ids = async () =>
  (await database.query<{ id: string }>('SELECT id FROM rows ORDER BY id')).rows.map(({ id }) => id);
const insert = (id: string) => transactions.client.query('INSERT INTO rows VALUES ($1) RETURNING id', [id]);

describe('transactions on PGlite', () => {
  it('are there as a whole, or not at all, and the next one works', async () => {
    await transactions.run(async () => {
      expect(await insert('a')).toEqual({ rows: [{ id: 'a' }], rowCount: 1 });
      await transactions.client.query({ text: 'INSERT INTO rows VALUES ($1)', values: ['b'] });
    });
    const failing = transactions.run(async () => {
      await insert('lost');
      throw new RangeError('no');
    });
    await expect(failing).rejects.toThrow('no');
    await transactions.run(() => insert('c'));
    expect(await ids()).toEqual(['a', 'b', 'c']);
  });

  it('are told as rolled back where a statement failed and its error was caught', async () => {
    const aborted = transactions.run(async () => {
      await insert('d');
      await insert('d').catch(() => undefined);
    });
    await expect(aborted).rejects.toMatchObject({ code: 'DISPATCH_TRANSACTION_ABORTED' });
    expect(await ids()).not.toContain('d');
  });

  it('have the isolation that is asked for, and refuse what is none', async () => {
    const level = await transactions.run(
      async ({ client }) =>
        (await client.query<{ level: string }>("SELECT current_setting('transaction_isolation') AS level")).rows,
      { isolation: 'serializable' },
    );
    expect(level).toEqual([{ level: 'serializable' }]);
    const wrong = transactions.run(() => Promise.resolve(), { isolation: 'none; DROP TABLE rows' as never });
    await expect(wrong).rejects.toMatchObject({ code: 'DISPATCH_INVALID_POSTGRES_OPTIONS' });
  });

  it('are not those of postgresTransactions(), which would be all in one session', () => {
    expect(() => postgresTransactions({ connection: pglitePool(database) })).toThrow(
      'use pgliteTransactions(database)',
    );
  });
});
