import { describe, expect, it } from '@jest/globals';
import { Command, Event, Outbox, Transactions } from 'nestjs-dispatch';
import { postgresOutbox } from 'nestjs-dispatch/postgres';

import { closedAfterwards, freshSchema, SHARED } from '../../integration/postgres/fresh-schema.js';
import { pgTransactions } from '../../integration/postgres/pg-transactions.js';
import { rejectionOf } from '../../unit/dispatcher/application.js';
import { commandHandler, eventHandler } from '../../unit/dispatcher/handlers.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { QUEUED_MODES, startIn, type Mode } from './modes.js';

class Ship extends Command<string> {
  constructor(readonly order: string) {
    super();
  }
}

class Shipped extends Event {
  constructor(readonly order: string) {
    super();
  }
}

/** An application whose outbox is on Postgres, whatever keeps its queue. */
async function startShipping(mode: Mode) {
  const { schema, pool } = freshSchema();
  const done: string[] = [];
  const ship = ({ order }: Ship): string => {
    done.push(order);
    return `${order} shipped`;
  };
  const told = (name: string) => eventHandler(Shipped, ({ order }) => void done.push(`${name} ${order}`), { name });
  const application = await startIn(mode, {
    providers: [commandHandler(Ship, ship), told('Mailer'), told('Ledger')],
    options: {
      transactions: { scope: pgTransactions(pool) },
      outbox: { store: postgresOutbox({ connection: SHARED, schema, migrate: true }) },
    },
  });
  const { app } = application;
  // Its relay may be at work on the tables that go with the schema.
  closedAfterwards(() => app.close());
  return { ...application, done, transactions: app.get(Transactions), outbox: app.get(Outbox) };
}

describe.each(QUEUED_MODES)('a message of a transaction, through $name', (mode) => {
  it('is handled once that has committed, by each handler once, and never after a rollback', async () => {
    const { dispatcher, transactions, done } = await startShipping(mode);
    const failing = transactions.run(async () => {
      await dispatcher.publish(new Shipped('lost'));
      throw new RangeError('no');
    });
    expect(await rejectionOf(failing)).toMatchObject({ message: 'no' });
    await transactions.run(() => dispatcher.publish(new Shipped('a')));
    await until('both to be told', () => done.length >= 2);
    expect(done.toSorted()).toEqual(['Ledger a', 'Mailer a']);
  });

  it.each([undefined, 'customer-7'])('with the key %s is found by its receipt, whose result comes', async (key) => {
    const { dispatcher, transactions } = await startShipping(mode);
    const options = key === undefined ? {} : { key };
    const receipt = await transactions.run(() => dispatcher.send(new Ship('a'), options));
    expect(await receipt.result()).toBe('a shipped');
    expect(await dispatcher.receipt(receipt.id)?.status()).toBe('completed');
  });

  it('keeps the order of its key, over several transactions', async () => {
    const { dispatcher, transactions, done } = await startShipping(mode);
    const orders = Array.from({ length: 30 }, (_, index) => String(index));
    for (let index = 0; index < 30; index += 3) {
      await transactions.run(() =>
        Promise.all(orders.slice(index, index + 3).map((order) => dispatcher.send(new Ship(order), { key: 'k' }))),
      );
    }
    await until('all to be done', () => done.length === 30);
    expect(done).toEqual(orders);
  });

  it('is kept back as long as it was told to, from the send on', async () => {
    const { dispatcher, transactions, done } = await startShipping(mode);
    const sentAtMs = Date.now();
    await transactions.run(() => dispatcher.send(new Ship('late'), { delayMs: 400 }));
    await transactions.run(() => dispatcher.send(new Ship('soon')));
    await until('both to be done', () => done.length === 2);
    expect(done).toEqual(['soon', 'late']);
    expect(Date.now() - sentAtMs).toBeGreaterThanOrEqual(390);
  });
});
