import { describe, expect, it } from '@jest/globals';
import {
  AggregateRepository,
  Command,
  CommandHandler,
  EventsNotPublishedNotification,
  type EventStore,
  InjectAggregateRepository,
  inMemoryEventStore,
  MemoryTransaction,
  Notifications,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { eventHandler } from '../../dispatcher/handlers.js';
import { all } from '../shop.js';
import { LineAdded, Order, OrderClosed, OrderPlaced, startOrders } from './orders.js';

class AddLine extends Command {
  constructor(
    readonly orderId: string,
    readonly quantity: number,
  ) {
    super();
  }
}

@CommandHandler(AddLine)
class AddLineHandler {
  constructor(@InjectAggregateRepository(Order) private readonly orders: AggregateRepository<Order>) {}

  async execute({ orderId, quantity }: AddLine): Promise<void> {
    await this.orders.update(orderId, (order) => void order.add(quantity));
  }
}

describe('saving an aggregate', () => {
  it('rejects where somebody else was faster, keeps its events, and the next one who loads it gets through', async () => {
    const { orders } = await startOrders();
    await orders.save(Order.place('7', 'ada'));
    const [mine, theirs] = [await orders.load('7'), await orders.load('7')];
    await orders.save(theirs.add(1));
    const facts = { code: 'DISPATCH_CONCURRENCY', stream: 'order-7', expected: 1, actual: 2 };
    expect(await rejectionOf(orders.save(mine.add(2)))).toMatchObject(facts);
    expect([mine.version, mine.uncommittedEvents]).toEqual([1, [new LineAdded(2)]]);
    expect(await orders.save((await orders.load('7')).add(3))).toMatchObject({ version: 3 });
    expect((await orders.load('7')).quantity).toBe(4);
  });

  it('refuses a new aggregate where there is one of its id, and one without an id', async () => {
    const { orders } = await startOrders();
    await orders.save(Order.place('7', 'ada'));
    expect(await rejectionOf(orders.save(Order.place('7', 'bob')))).toMatchObject({ code: 'DISPATCH_CONCURRENCY' });
    const nameless = Order.place('', 'ada');
    expect(await rejectionOf(orders.save(nameless))).toMatchObject({ code: 'DISPATCH_INVALID_AGGREGATE' });
  });

  it('stores what was applied, once, and counts its version on', async () => {
    const { orders, events } = await startOrders();
    const order = Order.place('7', 'ada').add(1);
    expect([order.version, order.uncommittedEvents.length]).toEqual([0, 2]);
    expect(await orders.save(order)).toMatchObject({ version: 2 });
    expect(await orders.save(order)).toEqual({ version: 2, position: 0 });
    expect([order.version, order.uncommittedEvents.length]).toEqual([2, 0]);
    expect(await orders.save(order.add(2))).toMatchObject({ version: 3 });
    const stored = await all(events.readStream('order-7'));
    expect(stored.map(({ event }) => event)).toEqual([new OrderPlaced('ada'), new LineAdded(1), new LineAdded(2)]);
  });

  it('keeps what is applied while it is stored for the next time', async () => {
    const { orders, events } = await startOrders();
    const order = Order.place('7', 'ada');
    const saving = orders.save(order);
    order.add(5);
    await saving;
    expect(order.uncommittedEvents).toEqual([new LineAdded(5)]);
    await orders.save(order);
    expect(await all(events.readStream('order-7'))).toHaveLength(2);
  });

  it('publishes what was stored, in order, under its stored ids, with the correlation of the command behind it', async () => {
    const seen: unknown[] = [];
    const note = (name: string, context: { id: string; correlationId: string; causationId: string | undefined }) =>
      seen.push([name, context.id, context.correlationId, context.causationId]);
    const { dispatcher, orders, events } = await startOrders({
      providers: [
        AddLineHandler,
        eventHandler(OrderPlaced, (_event, context) => note('placed', context)),
        eventHandler(LineAdded, (_event, context) => note('added', context)),
      ],
    });
    await orders.save(Order.place('7', 'ada').add(1));
    await dispatcher.execute(new AddLine('7', 2), { id: 'm1', correlationId: 'c1' });
    const [placed, first, second] = await all(events.readStream('order-7'));
    expect(seen).toEqual([
      ['placed', placed?.id, placed?.id, undefined],
      ['added', first?.id, placed?.id, undefined],
      ['added', second?.id, 'c1', 'm1'],
    ]);
    expect(second?.metadata).toMatchObject({ correlationId: 'c1', causationId: 'm1' });
  });

  it('publishes nothing that was not stored', async () => {
    const seen: unknown[] = [];
    const { orders } = await startOrders({ providers: [eventHandler(LineAdded, (event) => seen.push(event))] });
    await orders.save(Order.place('7', 'ada'));
    const late = await orders.load('7');
    await orders.update('7', (order) => order.close());
    await rejectionOf(orders.save(late.add(1)));
    expect(seen).toEqual([]);
  });

  it('publishes nothing in a transaction of the caller, and nothing where the module says never', async () => {
    const seen: unknown[] = [];
    const providers = [eventHandler(OrderPlaced, (event) => seen.push(event))];
    const appends: unknown[] = [];
    const store = inMemoryEventStore();
    const recording: EventStore = Object.assign(Object.create(store) as EventStore, {
      append: (...args: Parameters<EventStore['append']>) => {
        appends.push(args[2]);
        return store.append(...args);
      },
    });
    const transaction = new MemoryTransaction();
    const { orders } = await startOrders({ providers, store: recording });
    await orders.save(Order.place('7', 'ada'), { transaction });
    const silent = await startOrders({ providers, eventStore: { publish: 'never' } });
    await silent.orders.save(Order.place('7', 'ada'));
    expect([seen, appends]).toEqual([[], [{ expectedVersion: 0, transaction }]]);
  });

  it('has stored what the bus then refuses, and says so', async () => {
    const told: EventsNotPublishedNotification[] = [];
    const { app, orders, events, log } = await startOrders({
      options: {
        eventStore: { store: inMemoryEventStore() },
        eventPublisher: {
          publish(event) {
            if (event instanceof LineAdded) throw new RangeError('no broker');
          },
        },
      },
    });
    app
      .get(Notifications)
      .ofType(EventsNotPublishedNotification)
      .subscribe((one) => told.push(one));
    expect(await orders.save(Order.place('7', 'ada').add(1))).toMatchObject({ version: 2 });
    expect(await all(events.readStream('order-7'))).toHaveLength(2);
    await app.close();
    expect(told).toMatchObject([{ stream: 'order-7', version: 2, errors: [new RangeError('no broker')] }]);
    expect(told[0]?.events).toHaveLength(2);
    expect(log.lines).toContainEqual(expect.stringContaining('1 of 2 events stored in'));
  });
});

describe('loading an aggregate', () => {
  it('rejects where it has no events, or finds nothing', async () => {
    const { orders } = await startOrders();
    expect(await rejectionOf(orders.load('8'))).toMatchObject({
      code: 'DISPATCH_AGGREGATE_NOT_FOUND',
      aggregateName: 'Order',
      id: '8',
    });
    expect(await orders.find('8')).toBeUndefined();
    const deleted = await startOrders();
    await deleted.orders.save(Order.place('7', 'ada'));
    await deleted.events.delete('order-7');
    expect(await rejectionOf(deleted.orders.find('7'))).toMatchObject({ code: 'DISPATCH_STREAM_DELETED' });
  });

  it('applies its events, by @On methods, by name, and to an object made with its id', async () => {
    const { orders } = await startOrders();
    const order = Order.place('7', 'ada').add(2).add(3);
    order.close();
    await orders.save(order);
    const loaded = await orders.load('7');
    expect(loaded).toBeInstanceOf(Order);
    expect(loaded).toMatchObject({ id: '7', customer: 'ada', quantity: 5, isClosed: true, version: 4 });
    expect(loaded.uncommittedEvents).toEqual([]);
  });
});

describe('updating an aggregate', () => {
  it('does it again for each conflict that is left, on the state as it is then', async () => {
    const { orders } = await startOrders();
    await orders.save(Order.place('7', 'ada'));
    const adders = Array.from({ length: 8 }, () =>
      orders.update('7', (order) => void order.add(1), { retryOnConflict: 8 }),
    );
    await Promise.all(adders);
    expect(await orders.load('7')).toMatchObject({ quantity: 8, version: 9 });
  });

  it('gives up after the last retry, and tells other errors at once', async () => {
    const { orders } = await startOrders();
    await orders.save(Order.place('7', 'ada'));
    let attempts = 0;
    const conflict = orders.update(
      '7',
      async (order) => {
        attempts += 1;
        await orders.update('7', (other) => void other.add(1));
        order.add(100);
      },
      { retryOnConflict: 2 },
    );
    expect(await rejectionOf(conflict)).toMatchObject({ code: 'DISPATCH_CONCURRENCY' });
    expect(attempts).toBe(3);
    await orders.update('7', (order) => order.close());
    const refused = orders.update('7', (order) => (attempts += 1) && order.add(1), { retryOnConflict: 5 });
    expect(await rejectionOf(refused)).toEqual(new RangeError('the order is closed'));
    expect([attempts, (await orders.load('7')).quantity]).toEqual([4, 3]);
  });

  it('returns what the change returns, and refuses a number of retries that is none', async () => {
    const { orders } = await startOrders();
    await orders.save(Order.place('7', 'ada'));
    expect(await orders.update('7', async (order) => order.customer)).toEqual({
      result: 'ada',
      version: 1,
      position: 0,
    });
    const wrong = orders.update('7', (order) => order.close(), { retryOnConflict: -1 });
    expect(await rejectionOf(wrong)).toMatchObject({ code: 'DISPATCH_INVALID_AGGREGATE' });
    expect((await orders.load('7')).isClosed).toBe(false);
    await orders.update('7', (order) => order.apply(new OrderClosed()));
    expect((await orders.load('7')).isClosed).toBe(true);
  });
});
