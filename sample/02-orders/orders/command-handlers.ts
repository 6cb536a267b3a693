import { CommandHandler, EventPublisher, type ICommandHandler } from 'nestjs-dispatch';

import { PayOrder, PlaceOrder, ShipOrder } from './commands.js';
import { OrderRepository } from './order-repository.js';
import { Order } from './order.js';

@CommandHandler(PlaceOrder)
export class PlaceOrderHandler implements ICommandHandler<PlaceOrder> {
  constructor(
    private readonly orders: OrderRepository,
    private readonly publisher: EventPublisher,
  ) {}

  async execute({ customer, lines }: PlaceOrder) {
    const order = this.publisher.mergeObjectContext(new Order(this.orders.nextId()));
    const totalCents = lines.reduce((sum, { quantity, priceCents }) => sum + quantity * priceCents, 0);
    order.place(customer, totalCents);
    await this.orders.save(order);
    await order.commit();
    return { orderId: order.id };
  }
}

@CommandHandler(PayOrder)
export class PayOrderHandler implements ICommandHandler<PayOrder> {
  constructor(private readonly orders: OrderRepository) {}

  async execute({ orderId }: PayOrder) {
    const order = await this.orders.get(orderId);
    order.pay();
    await this.orders.save(order);
    await order.commit();
    return { paidCents: order.totalCents };
  }
}

@CommandHandler(ShipOrder)
export class ShipOrderHandler implements ICommandHandler<ShipOrder> {
  constructor(private readonly orders: OrderRepository) {}

  async execute({ orderId }: ShipOrder) {
    const order = await this.orders.get(orderId);
    order.ship();
    await this.orders.save(order);
    await order.commit();
  }
}
