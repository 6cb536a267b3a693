import {
  Aggregate,
  AggregateRepository,
  aggregateRepositoryToken,
  AggregateRoot,
  decider,
  DeciderRepository,
  DispatchModule,
  Event,
  EventLog,
  inMemoryEventStore,
  Message,
  On,
  type AggregateSource,
  type DispatchOptions,
  type EventStore,
} from 'nestjs-dispatch';

import { start, type Application, type Setup } from '../../dispatcher/application.js';

/** The first event of an order. */
@Message('orders.placed')
export class OrderPlaced extends Event {
  constructor(readonly customer: string) {
    super();
  }
}

/** A line was added to an order. */
@Message('orders.line-added')
export class LineAdded extends Event {
  constructor(readonly quantity: number) {
    super();
  }
}

/** An order was closed. */
@Message('orders.closed')
export class OrderClosed extends Event {}

/** Orders in streams named `order-id`; snapshots are taken every third event. */
@Aggregate('order', { events: [OrderClosed], snapshots: { every: 3 } })
export class Order extends AggregateRoot<OrderPlaced | LineAdded | OrderClosed> {
  customer = '';
  quantity = 0;
  isClosed = false;
  /** How many events were applied to this very object. */
  appliedCount = 0;

  constructor(readonly id: string) {
    super();
  }

  static place(id: string, customer: string): Order {
    const order = new Order(id);
    order.apply(new OrderPlaced(customer));
    return order;
  }

  add(quantity: number): this {
    if (this.isClosed) throw new RangeError('the order is closed');
    this.apply(new LineAdded(quantity));
    return this;
  }

  close(): void {
    this.apply(new OrderClosed());
  }

  toSnapshot() {
    return { customer: this.customer, quantity: this.quantity, isClosed: this.isClosed };
  }

  fromSnapshot(kept: ReturnType<Order['toSnapshot']>): void {
    Object.assign(this, kept);
  }

  @On(OrderPlaced)
  protected placed({ customer }: OrderPlaced): void {
    this.customer = customer;
    this.appliedCount += 1;
  }

  @On(LineAdded)
  protected lineAdded({ quantity }: LineAdded): void {
    this.quantity += quantity;
    this.appliedCount += 1;
  }

  onOrderClosed(): void {
    this.isClosed = true;
    this.appliedCount += 1;
  }
}

/** Adds to a count. */
export class AddToCount {
  constructor(readonly by: number) {}
}

/** Something was added to a count. */
@Message('counts.added')
export class Added extends Event {
  constructor(readonly by: number) {
    super();
  }
}

/** Counts, without a class. */
export const count = decider({
  name: 'count',
  events: [Added],
  initialState: () => ({ sum: 0 }),
  decide({ by }: AddToCount, { sum }) {
    if (sum + by > 100) throw new RangeError('too much');
    return by === 0 ? [] : new Added(by);
  },
  evolve: ({ sum }, { by }: Added) => ({ sum: sum + by }),
  snapshots: { every: 2 },
});

/** An application with the aggregates above. */
export interface OrdersApplication extends Application {
  readonly store: EventStore;
  readonly events: EventLog;
  readonly orders: AggregateRepository<Order>;
  readonly counts: DeciderRepository<{ readonly sum: number }, AddToCount, Added>;
}

/** What such an application consists of. */
export interface OrdersSetup extends Setup {
  readonly store?: EventStore;
  readonly eventStore?: Partial<DispatchOptions['eventStore'] & object>;
}

/** Starts an application with orders and counts. */
export async function startOrders({
  store = inMemoryEventStore(),
  eventStore,
  options,
  imports,
  ...setup
}: OrdersSetup = {}): Promise<OrdersApplication> {
  const application = await start({
    ...setup,
    imports: [DispatchModule.forFeature([Order, count]), ...(imports ?? [])],
    options: { eventStore: { store, ...eventStore }, ...options },
  });
  const repository = (source: AggregateSource) => application.app.get<never>(aggregateRepositoryToken(source));
  return {
    ...application,
    store,
    events: application.app.get(EventLog),
    orders: repository(Order),
    counts: repository(count),
  };
}
