import { ConflictException } from '@nestjs/common';
import { AggregateRoot } from 'nestjs-dispatch';

import { OrderPaid, OrderPlaced, OrderShipped } from './events.js';

export type OrderStatus = 'new' | 'placed' | 'paid' | 'shipped';

/**
 * Its methods decide and apply an event; the `on...` methods change the state. The events are published when a handler
 * calls `commit()`.
 */
export class Order extends AggregateRoot<OrderPlaced | OrderPaid | OrderShipped> {
  customer = '';
  totalCents = 0;
  status: OrderStatus = 'new';

  constructor(readonly id: string) {
    super();
  }

  place(customer: string, totalCents: number): void {
    this.apply(new OrderPlaced(this.id, customer, totalCents));
  }

  pay(): void {
    if (this.status !== 'placed') throw new ConflictException(`${this.id} is ${this.status} already`);
    this.apply(new OrderPaid(this.id, this.totalCents));
  }

  ship(): void {
    if (this.status !== 'paid') throw new ConflictException(`${this.id} is ${this.status}, not paid`);
    this.apply(new OrderShipped(this.id));
  }

  protected onOrderPlaced({ customer, totalCents }: OrderPlaced): void {
    this.customer = customer;
    this.totalCents = totalCents;
    this.status = 'placed';
  }

  protected onOrderPaid(): void {
    this.status = 'paid';
  }

  protected onOrderShipped(): void {
    this.status = 'shipped';
  }
}
