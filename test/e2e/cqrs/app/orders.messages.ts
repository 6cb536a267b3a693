import { Command, Query, type ICommand, type IEvent, type IQuery } from '@nestjs/cqrs';

export class PlaceOrder extends Command<{ orderId: string }> {
  constructor(
    readonly orderId: string,
    readonly customer: string,
  ) {
    super();
  }
}

export class ShipOrder extends Command<void> {
  constructor(readonly orderId: string) {
    super();
  }
}

/** A command by its interface only. */
export class ReserveStock implements ICommand {
  constructor(readonly orderId: string) {}
}

/** A plain class. */
export class CancelOrder {
  constructor(
    readonly orderId: string,
    readonly reason: string,
  ) {}
}

export class FindOrder extends Query<string | undefined> {
  constructor(readonly orderId: string) {
    super();
  }
}

export class CountOrders implements IQuery {}

export class OrderPlaced implements IEvent {
  constructor(
    readonly orderId: string,
    readonly customer: string,
  ) {}
}

export class OrderShipped implements IEvent {
  constructor(readonly orderId: string) {}
}

export class OrderCancelled {
  constructor(readonly orderId: string) {}
}

export class OrderRefused extends Error {
  constructor(readonly orderId: string) {
    super(`order ${orderId} is refused`);
  }
}
