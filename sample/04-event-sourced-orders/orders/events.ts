import { Event, Message, Upcaster } from 'nestjs-dispatch';

/** Since version 2 with a currency: an earlier release stored euro cents only. */
@Message('orders.placed', { version: 2 })
export class OrderPlaced extends Event {
  constructor(
    readonly customer: string,
    readonly amount: { readonly cents: number; readonly currency: string },
  ) {
    super();
  }
}

@Message('orders.line-added')
export class LineAdded extends Event {
  constructor(
    readonly article: string,
    readonly cents: number,
  ) {
    super();
  }
}

@Message('orders.shipped')
export class OrderShipped extends Event {}

/** What the release before stored. */
interface PlacedV1 {
  readonly customer: string;
  readonly cents: number;
}

/** Takes old events to the class of today when they are read; what is stored stays as it is. */
@Upcaster('orders.placed', { from: 1, to: 2 })
export class PlacedHasCurrency {
  up({ customer, cents }: PlacedV1) {
    return { customer, amount: { cents, currency: 'EUR' } };
  }
}
