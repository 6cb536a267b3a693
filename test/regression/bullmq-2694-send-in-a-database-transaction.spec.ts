import { describe, expect, it } from '@jest/globals';
import { Command, Outbox, Transactions } from 'nestjs-dispatch';
import { postgresOutbox } from 'nestjs-dispatch/postgres';
import type pg from 'pg';

import { SHARED_MODES, startIn, type Mode } from '../e2e/run-modes/modes.js';
import { freshSchema, SHARED } from '../integration/postgres/fresh-schema.js';
import { pgTransactions } from '../integration/postgres/pg-transactions.js';
import { rejectionOf } from '../unit/dispatcher/application.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';
import { until } from '../unit/run-modes/queued-application.js';

class SendInvoice extends Command {
  constructor(readonly order: string) {
    super();
  }
}

/** An application that stores orders in a table, and invoices them through its queue: the handler reads the order. */
async function startShop(mode: Mode) {
  const { schema, pool } = freshSchema();
  await pool.query(`CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}".orders (id text PRIMARY KEY)`);
  const invoiced: string[] = [];
  const invoice = async ({ order }: SendInvoice): Promise<void> => {
    const { rowCount } = await pool.query(`SELECT FROM "${schema}".orders WHERE id = $1`, [order]);
    invoiced.push(rowCount === 1 ? order : `${order} is not there`);
  };
  const { app, dispatcher } = await startIn(mode, {
    providers: [commandHandler(SendInvoice, invoice)],
    options: {
      transactions: { scope: pgTransactions(pool) },
      outbox: { store: postgresOutbox({ connection: SHARED, schema, migrate: true }) },
    },
  });
  const transactions = app.get<Transactions<pg.PoolClient>>(Transactions);
  const place = async (client: pg.PoolClient, order: string): Promise<void> => {
    await dispatcher.send(new SendInvoice(order));
    await client.query(`INSERT INTO "${schema}".orders VALUES ($1)`, [order]);
  };
  return { invoiced, transactions, place, outbox: app.get(Outbox) };
}

// There, a job is added at once: a worker may have it before the row it is about is committed, or where that never is.
describe.each(SHARED_MODES)('a send inside a database transaction, $name (taskforcesh/bullmq#2694)', (mode) => {
  it('is handled when the row it is about can be read, however long the transaction takes', async () => {
    const { invoiced, transactions, place } = await startShop(mode);
    await transactions.run(async ({ client }) => {
      await place(client, 'order-1');
      await client.query('SELECT pg_sleep(0.2)');
      expect(invoiced).toEqual([]);
    });
    await until('the invoice', () => invoiced.length > 0);
    expect(invoiced).toEqual(['order-1']);
  });

  it('is gone with the transaction where that is rolled back, and the next one is not', async () => {
    const { invoiced, transactions, place, outbox } = await startShop(mode);
    await transactions.run(({ client }) => place(client, 'order-1'));
    // The row is there already, which the server says after the message was sent.
    expect(await rejectionOf(transactions.run(({ client }) => place(client, 'order-1')))).toMatchObject({
      code: '23505',
    });
    await transactions.run(({ client }) => place(client, 'order-2'));
    await until('both invoices', () => invoiced.length >= 2);
    expect(invoiced.toSorted()).toEqual(['order-1', 'order-2']);
    await until('the outbox to be empty', async () => (await outbox.check()).waiting === 0);
  });
});
