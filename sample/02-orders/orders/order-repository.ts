import { Injectable, NotFoundException } from '@nestjs/common';

import { Order } from './order.js';

/** Keeps orders in memory, as long as the process runs. */
@Injectable()
export class OrderRepository {
  private readonly orders = new Map<string, Order>();

  nextId(): string {
    return `order-${this.orders.size + 1}`;
  }

  async save(order: Order): Promise<void> {
    this.orders.set(order.id, order);
  }

  /** @throws NotFoundException, which reaches the HTTP client as a 404: errors of handlers arrive unchanged */
  async get(orderId: string): Promise<Order> {
    const order = this.orders.get(orderId);
    if (order === undefined) throw new NotFoundException(`There is no ${orderId}`);
    return order;
  }
}
