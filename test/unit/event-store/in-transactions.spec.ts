import { describe, expect, it } from '@jest/globals';
import { Inject } from '@nestjs/common';
import {
  AggregateRepository,
  Command,
  CommandHandler,
  EventLog,
  EventsHandler,
  InjectAggregateRepository,
  inMemoryEventStore,
  inMemorySnapshots,
  inMemoryTransactions,
  Transactional,
  Transactions,
  type EventStore,
  type Snapshot,
} from 'nestjs-dispatch';

import { rejectionOf } from '../dispatcher/application.js';
import { eventHandler } from '../dispatcher/handlers.js';
import { AddToCount, LineAdded, Order, OrderPlaced, startOrders, type OrdersSetup } from './aggregates/orders.js';
import { all } from './shop.js';

const fail = () => Promise.reject(new RangeError('no'));

async function startInTransactions(setup: OrdersSetup = {}) {
  const transactions = { scope: inMemoryTransactions() };
  const started = await startOrders({ ...setup, options: { ...setup.options, transactions } });
  const eventsOf = async (stream: string) => (await all(started.events.readStream(stream))).map(({ event }) => event);
  return { ...started, eventsOf, transactions: started.app.get(Transactions) };
}

describe('an aggregate saved in a transaction', () => {
  it('has its events and its version back where that is rolled back, so that it can be saved again', async () => {
    const { orders, eventsOf, transactions } = await startInTransactions();
    const order = Order.place('7', 'ada');
    await orders.save(order);
    const failing = transactions.run(async () => {
      await orders.save(order.add(1));
      expect([order.version, order.uncommittedEvents]).toEqual([2, []]);
      await orders.save(order.add(2).add(3));
      order.add(4);
      return fail();
    });
    expect(await rejectionOf(failing)).toMatchObject({ message: 'no' });
    const pending = [1, 2, 3, 4].map((quantity) => new LineAdded(quantity));
    expect([order.version, order.uncommittedEvents]).toEqual([1, pending]);
    expect(await orders.save(order)).toMatchObject({ version: 5 });
    expect(await eventsOf('order-7')).toEqual([new OrderPlaced('ada'), ...pending]);
  });

  it('is loaded in it as it is there, and not seen outside before the commit', async () => {
    const { orders, eventsOf, transactions } = await startInTransactions();
    let outside: unknown;
    const read = (): Promise<unknown> => eventsOf('order-7');
    const readers: (() => void)[] = [];
    const reading = new Promise<void>((resolve) => readers.push(resolve)).then(async () => (outside = await read()));
    await transactions.run(async () => {
      await orders.save(Order.place('7', 'ada'));
      expect(await orders.update('7', (order) => order.add(1).quantity)).toMatchObject({ result: 1 });
      expect(await eventsOf('order-7')).toHaveLength(2);
      for (const resolve of readers) resolve();
      await reading;
    });
    expect(outside).toEqual([]);
    expect(await eventsOf('order-7')).toHaveLength(2);
  });

  it('is published once that is committed, and not at all where it is not', async () => {
    const seen: object[] = [];
    const { orders, counts, transactions } = await startInTransactions({
      providers: [eventHandler(OrderPlaced, (event) => seen.push(event))],
    });
    await rejectionOf(transactions.run(async () => orders.save(Order.place('6', 'bob')).then(fail)));
    await transactions.run(async () => {
      await orders.save(Order.place('7', 'ada'));
      await counts.decide('7', new AddToCount(1));
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual([new OrderPlaced('ada')]);
  });

  it('goes to a publisher of the application once that is committed, too', async () => {
    const published: object[] = [];
    const eventPublisher = { publish: (event: object) => void published.push(event) };
    const { orders, transactions } = await startInTransactions({ options: { eventPublisher } });
    await rejectionOf(transactions.run(async () => orders.save(Order.place('6', 'bob')).then(fail)));
    await transactions.run(() => orders.save(Order.place('7', 'ada')));
    expect(published).toEqual([new OrderPlaced('ada')]);
  });

  it('fails the commit where somebody else was faster, and has its events back', async () => {
    const { orders, eventsOf, transactions } = await startInTransactions();
    await orders.save(Order.place('7', 'ada'));
    const [mine, theirs] = [await orders.load('7'), await orders.load('7')];
    let saved = (): void => undefined;
    const isSaved = new Promise<void>((resolve) => (saved = resolve));
    // Begun outside of the transaction, so not part of it.
    const rival = isSaved.then(() => orders.save(theirs.add(5)));
    const slower = transactions.run(async () => {
      await orders.save(mine.add(1));
      saved();
      await rival;
    });
    expect(await rejectionOf(slower)).toMatchObject({ code: 'DISPATCH_CONCURRENCY', actual: 2 });
    expect([mine.version, mine.uncommittedEvents]).toEqual([1, [new LineAdded(1)]]);
    expect(await eventsOf('order-7')).toEqual([new OrderPlaced('ada'), new LineAdded(5)]);
  });

  it('has a snapshot of what it was when it was saved, once that is committed', async () => {
    const saved: Snapshot[] = [];
    const sound = inMemorySnapshots();
    const snapshots = { ...sound, load: sound.load.bind(sound), remove: sound.remove.bind(sound), save: keep };
    function keep(snapshot: Snapshot): Promise<void> {
      saved.push(snapshot);
      return sound.save(snapshot);
    }
    const { orders, transactions } = await startInTransactions({ eventStore: { snapshots } });
    await transactions.run(async () => {
      const order = Order.place('7', 'ada').add(1).add(1);
      await orders.save(order);
      order.add(9);
      expect(saved).toEqual([]);
      await orders.save(order);
    });
    expect(saved.map(({ version, state }) => [version, JSON.parse(state).quantity])).toEqual([[3, 2]]);
  });

  it('is as it was where the transaction ended before its save was done', async () => {
    const inner = inMemoryEventStore();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const store: EventStore = Object.assign(Object.create(inner) as EventStore, {
      append: (...args: Parameters<EventStore['append']>) => gate.then(() => inner.append(...args)),
    });
    const { orders, transactions } = await startInTransactions({ store });
    const order = Order.place('7', 'ada');
    let late: Promise<unknown> = Promise.resolve();
    await transactions.run(async () => void (late = orders.save(order)));
    release();
    expect(await rejectionOf(late)).toMatchObject({ code: 'DISPATCH_TRANSACTION_OVER' });
    expect([order.version, order.uncommittedEvents.length]).toEqual([0, 1]);
  });
});

class PlaceOrder extends Command<number> {
  constructor(
    readonly orderId: string,
    readonly isDeclined = false,
  ) {
    super();
  }
}

@Transactional()
@CommandHandler(PlaceOrder)
class PlaceOrderHandler {
  constructor(
    @InjectAggregateRepository(Order) private readonly orders: AggregateRepository<Order>,
    private readonly log: EventLog,
  ) {}

  async execute({ orderId, isDeclined }: PlaceOrder): Promise<number> {
    await this.orders.save(Order.place(orderId, 'ada'));
    const { version } = await this.log.append(`order-${orderId}`, [new LineAdded(2)], { expectedVersion: 1 });
    if (isDeclined) throw new RangeError('declined');
    return version;
  }
}

@EventsHandler(OrderPlaced, { phase: 'beforeCommit' })
class Ledger {
  constructor(@Inject(EventLog) private readonly log: EventLog) {}

  async handle(): Promise<void> {
    await this.log.append('ledger-1', [new LineAdded(1)], { expectedVersion: 'any' });
  }
}

describe('a transactional handler', () => {
  it('appends to several streams, with a handler of its events before the commit, or to none', async () => {
    const { dispatcher, eventsOf } = await startInTransactions({ providers: [PlaceOrderHandler, Ledger] });
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder('6', true)))).toMatchObject({ message: 'declined' });
    expect([await eventsOf('order-6'), await eventsOf('ledger-1')]).toEqual([[], []]);
    expect(await dispatcher.execute(new PlaceOrder('7'))).toBe(2);
    expect([await eventsOf('order-7'), await eventsOf('ledger-1')]).toEqual([
      [new OrderPlaced('ada'), new LineAdded(2)],
      [new LineAdded(1)],
    ]);
  });
});
