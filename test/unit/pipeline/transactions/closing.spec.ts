import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Event, EventsHandler, Transactions } from 'nestjs-dispatch';

import { Ship, startShop } from '../../run-modes/outbox/shop.js';
import { startStock } from './stock.js';

class Taken extends Event {}

const heard: string[] = [];

@EventsHandler(Taken)
class TakenHandler {
  async handle(): Promise<void> {
    heard.push('begun');
    await delay(30);
    heard.push('ended');
  }
}

/** Begins to close the application while work that no handler does is in a transaction, and ends that a little later. */
async function closing(app: { close(): Promise<void> }, transactions: Transactions, work: () => Promise<unknown>) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let begun = (): void => undefined;
  const isBegun = new Promise<void>((resolve) => (begun = resolve));
  const running = transactions.run(async () => {
    await work();
    begun();
    await ended;
  });
  await isBegun;
  const closed = app.close();
  await delay(20);
  end();
  await closed;
  await running;
}

describe('an application that closes while a transaction of no handler is under way', () => {
  it('waits for it, and for the handlers of what was published in it', async () => {
    heard.length = 0;
    const { app, dispatcher } = await startStock({}, { providers: [TakenHandler] });
    await closing(app, app.get(Transactions), () => dispatcher.publish(new Taken()));
    expect(heard).toEqual(['begun', 'ended']);
  });

  it('relays what was sent in it', async () => {
    const { app, dispatcher, transactions, stored } = await startShop();
    await closing(app, transactions, () => dispatcher.send(new Ship('a'), { id: 'a' }));
    expect(stored()).toEqual(['a']);
  });

  it('does not wait for longer than it waits for handlers', async () => {
    const { app } = await startStock({ drainTimeoutMs: 20 });
    let end = (): void => undefined;
    const stuck = app.get(Transactions).run(() => new Promise<void>((resolve) => (end = resolve)));
    await app.close();
    end();
    await expect(stuck).resolves.toBeUndefined();
  });
});
