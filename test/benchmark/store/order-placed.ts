import { Event, Message } from 'nestjs-dispatch';

import type { OrderData } from '../queue/orders.js';

/** The event of the benchmark. */
@Message('benchmark.order-placed')
export class OrderPlaced extends Event {
  constructor(
    readonly id: string,
    readonly customer: string,
    readonly currency: string,
    readonly lines: OrderData['lines'],
  ) {
    super();
  }
}

/** The event of an order. */
export function placed({ id, customer, currency, lines }: OrderData): OrderPlaced {
  return new OrderPlaced(id, customer, currency, lines);
}
