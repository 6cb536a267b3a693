import { Module } from '@nestjs/common';
import {
  CommandHandler,
  CqrsModule,
  EventPublisher,
  EventsHandler,
  QueryHandler,
  type ICommandHandler,
  type IEventHandler,
  type IQueryHandler,
} from '@nestjs/cqrs';

import { Journal } from './journal.js';
import { ImpatientOrder, Order } from './order.js';
import {
  CancelOrder,
  CountOrders,
  FindOrder,
  OrderCancelled,
  OrderPlaced,
  OrderRefused,
  OrderShipped,
  PlaceOrder,
  ReserveStock,
  ShipOrder,
} from './orders.messages.js';

class Orders extends Map<string, Order> {}

@CommandHandler(PlaceOrder)
class PlaceOrderHandler implements ICommandHandler<PlaceOrder> {
  constructor(
    private readonly orders: Orders,
    private readonly publisher: EventPublisher,
  ) {}

  async execute(command: PlaceOrder): Promise<{ orderId: string }> {
    const { orderId, customer } = command;
    if (customer === '') throw new OrderRefused(orderId);
    const order = this.publisher.mergeObjectContext(new Order(orderId));
    order.place(customer);
    this.orders.set(orderId, order);
    order.commit();
    return { orderId };
  }
}

@CommandHandler(ShipOrder)
class ShipOrderHandler implements ICommandHandler<ShipOrder, void> {
  constructor(
    private readonly orders: Orders,
    private readonly publisher: EventPublisher,
  ) {}

  async execute({ orderId }: ShipOrder): Promise<void> {
    const ConnectedOrder = this.publisher.mergeClassContext(Order);
    const order = new ConnectedOrder(orderId);
    order.loadFromHistory([new OrderPlaced(orderId, 'ann')]);
    order.ship();
    this.orders.set(orderId, order);
    order.commit();
  }
}

@CommandHandler(CancelOrder)
class CancelOrderHandler implements ICommandHandler<CancelOrder, string> {
  constructor(private readonly publisher: EventPublisher) {}

  async execute({ orderId, reason }: CancelOrder): Promise<string> {
    const order = this.publisher.mergeObjectContext(new ImpatientOrder(orderId));
    order.cancel();
    return `cancelled: ${reason}, ${order.getUncommittedEvents().length} uncommitted`;
  }
}

@CommandHandler(ReserveStock)
class ReserveStockHandler implements ICommandHandler<ReserveStock> {
  constructor(private readonly journal: Journal) {}

  async execute({ orderId }: ReserveStock): Promise<void> {
    if (orderId.startsWith('refused')) throw new OrderRefused(orderId);
    this.journal.write(`reserved ${orderId}`);
  }
}

@QueryHandler(FindOrder)
class FindOrderHandler implements IQueryHandler<FindOrder> {
  constructor(private readonly orders: Orders) {}

  async execute({ orderId }: FindOrder): Promise<string | undefined> {
    return this.orders.get(orderId)?.status;
  }
}

@QueryHandler(CountOrders)
class CountOrdersHandler implements IQueryHandler<CountOrders, number> {
  constructor(private readonly orders: Orders) {}

  async execute(): Promise<number> {
    return this.orders.size;
  }
}

@EventsHandler(OrderPlaced)
class ConfirmationMailer implements IEventHandler<OrderPlaced> {
  constructor(private readonly journal: Journal) {}

  handle({ orderId, customer }: OrderPlaced): void {
    if (orderId.startsWith('unmailable')) throw new OrderRefused(orderId);
    this.journal.write(`mailed ${orderId} to ${customer}`);
  }
}

@EventsHandler(OrderPlaced, OrderShipped, OrderCancelled)
class Statistics implements IEventHandler {
  constructor(private readonly journal: Journal) {}

  async handle(event: OrderPlaced | OrderShipped | OrderCancelled): Promise<void> {
    this.journal.write(`counted ${event.constructor.name} ${event.orderId}`);
  }
}

@Module({
  imports: [CqrsModule],
  providers: [
    { provide: Orders, useFactory: () => new Orders() },
    PlaceOrderHandler,
    ShipOrderHandler,
    CancelOrderHandler,
    ReserveStockHandler,
    FindOrderHandler,
    CountOrdersHandler,
    ConfirmationMailer,
    Statistics,
  ],
})
export class OrdersModule {}
