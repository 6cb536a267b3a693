import { Message, Query } from 'nestjs-dispatch';

import type { OrderStatus } from './order.js';

/** An order as a client sees it. */
export interface OrderView {
  readonly orderId: string;
  readonly customer: string;
  readonly totalCents: number;
  readonly status: OrderStatus;
}

@Message('orders.get')
export class GetOrder extends Query<OrderView> {
  constructor(readonly orderId: string) {
    super();
  }
}

/** How many orders there are in each step. */
@Message('orders.sales')
export class GetSales extends Query<{ placed: number; paid: number; shipped: number; revenueCents: number }> {}
