import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import {
  postgresTransactions,
  type PostgresTransactionClient,
  type PostgresTransactionsOptions,
} from '../../../lib/integrations/postgres/index.js';
import { Transactions } from '../../../lib/transactions/transactions.js';
import { listening } from '../../services/free-port.js';
import { startPostgres, type PostgresServer } from '../../services/postgres.js';
import { FreezableLink } from '../freezable-link.js';

let postgres: PostgresServer;
const open: Transactions<PostgresTransactionClient>[] = [];

beforeEach(async () => {
  postgres = await startPostgres({ durable: true });
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((transactions) => transactions.close()));
  await postgres.stop();
});

function startWith(options: PostgresTransactionsOptions) {
  const transactions = new Transactions(
    postgresTransactions({ connection: postgres.url, ...options }),
    () => undefined,
  );
  open.push(transactions);
  return transactions;
}

describe('a Postgres that restarts', () => {
  it('before a transaction has begun is waited for', async () => {
    const transactions = startWith({ commandTimeoutMs: 20_000 });
    await transactions.run(({ client }) => client.query('CREATE TABLE notes (text text)'));
    await postgres.kill('SIGQUIT');
    const written = transactions.run(({ client }) => client.query("INSERT INTO notes VALUES ('kept')"));
    await postgres.restart();
    expect(await written).toMatchObject({ rowCount: 1 });
  });

  it('within a transaction rolls it back, also where its work looked away, and the next one works', async () => {
    const transactions = startWith({ commandTimeoutMs: 20_000, maxConnections: 1 });
    await transactions.run(({ client }) => client.query('CREATE TABLE notes (text text)'));
    const going = transactions.run(async ({ client }) => {
      await client.query("INSERT INTO notes VALUES ('lost')");
      await postgres.restart();
      await client.query('SELECT 1').catch(() => 'swallowed');
    });
    await expect(going).rejects.toMatchObject({ code: 'DISPATCH_TRANSACTION_ABORTED' });
    const { rows } = await transactions.run(({ client }) => client.query('SELECT FROM notes'));
    expect(rows).toEqual([]);
  });
});

describe('a Postgres that is away', () => {
  it('when a transaction is to begin fails it in time', async () => {
    const transactions = startWith({ commandTimeoutMs: 200 });
    await postgres.kill('SIGQUIT');
    await expect(transactions.run(() => Promise.resolve())).rejects.toMatchObject({
      code: 'DISPATCH_POSTGRES_UNAVAILABLE',
      timeoutMs: 200,
    });
  });

  it('when the application starts stops the start, unless it is to be waited for', async () => {
    await postgres.kill('SIGQUIT');
    await expect(startWith({ commandTimeoutMs: 200 }).open()).rejects.toMatchObject({
      code: 'DISPATCH_POSTGRES_UNAVAILABLE',
    });
    await startWith({ commandTimeoutMs: 200, atBoot: 'wait' }).open();
  });

  it('when it is to commit leaves open whether that has happened, says so, and repeats nothing', async () => {
    const link = new FreezableLink(postgres.port);
    const connection = `postgres://postgres@127.0.0.1:${await listening(link.server)}/postgres`;
    const transactions = startWith({ connection, commandTimeoutMs: 300, maxConnections: 1 });
    await transactions.run(({ client }) => client.query('CREATE TABLE notes (text text)'));
    let runs = 0;
    const uncertain = transactions.run(async ({ client }) => {
      runs += 1;
      await client.query("INSERT INTO notes VALUES ('perhaps')");
      link.freeze();
    });
    await expect(uncertain).rejects.toMatchObject({ code: 'DISPATCH_COMMIT_UNCERTAIN' });
    link.thaw();
    await transactions.run(({ client }) => client.query("INSERT INTO notes VALUES ('next')"));
    expect(runs).toBe(1);
    link.close();
  });
});
