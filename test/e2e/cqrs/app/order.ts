import { AggregateRoot, type IAggregateRoot } from '@nestjs/cqrs';

import { OrderCancelled, OrderPlaced, OrderShipped } from './orders.messages.js';

type OrderEvent = OrderPlaced | OrderShipped | OrderCancelled;

/** The aggregate: each event changes the status through its `on` method. */
export class Order extends AggregateRoot<OrderEvent> {
  status = 'new';

  constructor(readonly orderId: string) {
    super();
  }

  place(customer: string): void {
    this.apply(new OrderPlaced(this.orderId, customer));
  }

  ship(): void {
    this.apply(new OrderShipped(this.orderId));
  }

  cancel(): void {
    this.apply(new OrderCancelled(this.orderId));
  }

  onOrderPlaced(event: OrderPlaced): void {
    this.status = `placed by ${event.customer}`;
  }

  onOrderShipped(): void {
    this.status = 'shipped';
  }
}

/** Publishes each event as it is applied. */
export class ImpatientOrder extends Order {
  override autoCommit = true;
}

/** Holds events without the base class, as an application that has a base class of its own would do it. */
export class Parcel implements IAggregateRoot<OrderShipped> {
  autoCommit = false;
  private events: OrderShipped[] = [];

  publish(): void {}

  publishAll(_events: OrderShipped[]): void {}

  commit(): void {
    this.publishAll(this.events);
    this.uncommit();
  }

  uncommit(): void {
    this.events = [];
  }

  getUncommittedEvents(): OrderShipped[] {
    return this.events;
  }

  loadFromHistory(): void {}

  apply<T extends OrderShipped>(event: T): void {
    this.events.push(event);
  }
}
