import { describe, expect, it } from '@jest/globals';
import { Command, inMemoryTransactions, Transactions } from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { commandHandler, eventHandler } from '../../dispatcher/handlers.js';
import { startQueued } from '../../run-modes/queued-application.js';

class SendInvoice extends Command<string> {
  constructor(readonly order: string) {
    super();
  }
}

class OrderPlaced {
  constructor(readonly order: string) {}
}

async function startShop() {
  const heard: string[] = [];
  const { app, dispatcher } = await startQueued({
    providers: [
      commandHandler(SendInvoice, ({ order }) => `invoice of ${order}`),
      eventHandler(OrderPlaced, ({ order }) => heard.push(order)),
    ],
    options: { transactions: { scope: inMemoryTransactions() } },
  });
  return { dispatcher, heard, transactions: app.get<Transactions>(Transactions) };
}

describe('what goes to a queue within a transaction, without an outbox', () => {
  it('goes at once where it is a command, which is handled though all is rolled back', async () => {
    const { dispatcher, transactions } = await startShop();
    const invoices: string[] = [];
    const failing = transactions.run(async () => {
      const receipt = await dispatcher.send(new SendInvoice('1'));
      invoices.push(await receipt.result(), await dispatcher.execute(new SendInvoice('2')));
      throw new RangeError('no order');
    });
    expect(await rejectionOf(failing)).toMatchObject({ message: 'no order' });
    expect(invoices).toEqual(['invoice of 1', 'invoice of 2']);
  });

  it('waits for the commit where it is an event, which nobody hears of where all is rolled back', async () => {
    const { dispatcher, heard, transactions } = await startShop();
    const publishing = (order: string, flaw?: Error) =>
      transactions.run(async () => {
        await dispatcher.publish(new OrderPlaced(order));
        if (flaw !== undefined) throw flaw;
      });
    await rejectionOf(publishing('1', new RangeError('no order')));
    await publishing('2');
    // In the order of the queue: what was published before would be heard before.
    await dispatcher.execute(new SendInvoice('2'));
    expect(heard).toEqual(['2']);
  });
});
