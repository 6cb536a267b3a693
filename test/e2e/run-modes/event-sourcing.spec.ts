import { describe, expect, it } from '@jest/globals';
import { Inject } from '@nestjs/common';
import {
  AggregateRepository,
  Command,
  CommandHandler,
  DispatchModule,
  EventLog,
  EventsHandler,
  inMemoryEventStore,
  InjectAggregateRepository,
  Message,
  upcaster,
  type HandlerContext,
  type RecordedEvent,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { LineAdded, Order, OrderPlaced } from '../../unit/event-store/aggregates/orders.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { MODES, startIn, type Mode } from './modes.js';
import { Journal } from './orders.js';

@Message('orders.place')
class PlaceOrder extends Command<number> {
  constructor(readonly orderId: string) {
    super();
  }
}

@Message('orders.add-line')
class AddLine extends Command<number> {
  constructor(
    readonly orderId: string,
    readonly retryOnConflict = 0,
  ) {
    super();
  }
}

@CommandHandler(PlaceOrder)
class PlaceOrderHandler {
  constructor(@InjectAggregateRepository(Order) private readonly orders: AggregateRepository<Order>) {}

  async execute({ orderId }: PlaceOrder): Promise<number> {
    return (await this.orders.save(Order.place(orderId, 'ada'))).version;
  }
}

@CommandHandler(AddLine)
class AddLineHandler {
  constructor(@InjectAggregateRepository(Order) private readonly orders: AggregateRepository<Order>) {}

  async execute({ orderId, retryOnConflict }: AddLine): Promise<number> {
    const rival = async (order: Order): Promise<number> => {
      // Somebody else adds a line while this one decides, the first time.
      if (order.quantity === 0) await this.orders.update(orderId, (other) => void other.add(5));
      return order.add(1).quantity;
    };
    return (await this.orders.update(orderId, rival, { retryOnConflict })).result;
  }
}

@EventsHandler(LineAdded)
class Shelf {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  handle({ quantity }: LineAdded, { id, causationId, correlationId }: HandlerContext): void {
    this.journal.note('reserve', quantity, correlationId, String(causationId), id);
  }
}

const doubled = upcaster('orders.line-added-once', {
  from: 1,
  to: 1,
  as: 'orders.line-added',
  up: () => ({ quantity: 1 }),
});

async function startOrders(mode: Mode) {
  const store = inMemoryEventStore();
  const application = await startIn(mode, {
    providers: [Journal, PlaceOrderHandler, AddLineHandler, Shelf],
    imports: [DispatchModule.forFeature([Order])],
    options: { eventStore: { store, upcasters: [doubled] }, messages: [OrderPlaced] },
  });
  return { ...application, store, log: application.app.get(EventLog), journal: application.app.get(Journal) };
}

async function storedIn(log: EventLog, stream: string): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for await (const recorded of log.readStream(stream)) found.push(recorded);
  return found;
}

describe.each(MODES)('through $name', (mode) => {
  it('a conflict fails the command that was slower, and nothing of it is stored or published', async () => {
    const { dispatcher, log, journal } = await startOrders(mode);
    await dispatcher.execute(new PlaceOrder('7'));
    expect(await rejectionOf(dispatcher.execute(new AddLine('7')))).toMatchObject({ code: 'DISPATCH_CONCURRENCY' });
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder('7')))).toMatchObject({ code: 'DISPATCH_CONCURRENCY' });
    expect((await storedIn(log, 'order-7')).map(({ event }) => event)).toEqual([
      new OrderPlaced('ada'),
      new LineAdded(5),
    ]);
    expect(await dispatcher.execute(new AddLine('7'))).toBe(6);
    await until('both lines to be reserved', () => journal.entries.length >= 2);
    expect(journal.entries.map((entry) => entry.split(' ').slice(0, 2).join(' '))).toEqual(['reserve 5', 'reserve 1']);
  });

  it('a conflict with retries left is decided anew, and what was stored is published because of the command', async () => {
    const { dispatcher, log, journal } = await startOrders(mode);
    await dispatcher.execute(new PlaceOrder('7'));
    expect(await dispatcher.execute(new AddLine('7', 1), { id: 'm1', correlationId: 'c1' })).toBe(6);
    await until('both lines to be reserved', () => journal.entries.length >= 2);
    const [, theirs, mine] = await storedIn(log, 'order-7');
    expect(mine?.metadata).toMatchObject({ correlationId: 'c1', causationId: 'm1' });
    expect(journal.entries.toSorted()).toEqual([`reserve 1 c1 m1 ${mine?.id}`, `reserve 5 c1 m1 ${theirs?.id}`]);
  });

  it('an aggregate is loaded from events of older shapes', async () => {
    const { dispatcher, store } = await startOrders(mode);
    await dispatcher.execute(new PlaceOrder('7'));
    const old = { id: 'e1', name: 'orders.line-added-once', schemaVersion: 1, payload: '{}', metadata: {} };
    await store.append('order-7', [old], { expectedVersion: 1 });
    expect(await dispatcher.execute(new AddLine('7'))).toBe(2);
  });
});
