import { ConflictException } from '@nestjs/common';
import { Aggregate, AggregateRoot, On } from 'nestjs-dispatch';

import { LineAdded, OrderPlaced, OrderShipped } from './events.js';

const LIMIT_CENTS = 100_000;

/** Decides; what it has decided is in its events, and nowhere else. */
@Aggregate('order', { snapshots: { every: 50 } })
export class Order extends AggregateRoot {
  private cents = 0;
  private isShipped = false;

  constructor(readonly id: string) {
    super();
  }

  static place(id: string, customer: string, cents: number): Order {
    if (cents > LIMIT_CENTS) throw new ConflictException('That is more than 1000 euros.');
    const order = new Order(id);
    order.apply(new OrderPlaced(customer, { cents, currency: 'EUR' }));
    return order;
  }

  add(article: string, cents: number): void {
    if (this.isShipped) throw new ConflictException('The order is shipped.');
    if (this.cents + cents > LIMIT_CENTS) throw new ConflictException('That is more than 1000 euros.');
    this.apply(new LineAdded(article, cents));
  }

  ship(): void {
    if (!this.isShipped) this.apply(new OrderShipped());
  }

  toSnapshot() {
    return { cents: this.cents, isShipped: this.isShipped };
  }

  fromSnapshot({ cents, isShipped }: { readonly cents: number; readonly isShipped: boolean }): void {
    this.cents = cents;
    this.isShipped = isShipped;
  }

  @On(OrderPlaced)
  protected placed({ amount }: OrderPlaced): void {
    this.cents = amount.cents;
  }

  @On(LineAdded)
  protected lineAdded({ cents }: LineAdded): void {
    this.cents += cents;
  }

  @On(OrderShipped)
  protected shipped(): void {
    this.isShipped = true;
  }
}
