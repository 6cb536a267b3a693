import { Event, Message } from 'nestjs-dispatch';

@Message('orders.placed')
export class OrderPlaced extends Event {
  constructor(
    readonly orderId: string,
    readonly customer: string,
    readonly totalCents: number,
  ) {
    super();
  }
}

@Message('orders.paid')
export class OrderPaid extends Event {
  constructor(
    readonly orderId: string,
    readonly totalCents: number,
  ) {
    super();
  }
}

@Message('orders.shipped')
export class OrderShipped extends Event {
  constructor(readonly orderId: string) {
    super();
  }
}
