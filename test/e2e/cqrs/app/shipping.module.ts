import { Injectable, Module } from '@nestjs/common';
import { CqrsModule, ofType, Saga, type ICommand, type IEvent } from '@nestjs/cqrs';
import { delay, filter, map, mergeMap, type Observable } from 'rxjs';

import { Journal } from './journal.js';
import { OrderPlaced, OrderShipped, ReserveStock, ShipOrder } from './orders.messages.js';

@Injectable()
class ShippingSagas {
  /** As a property. */
  @Saga()
  shipReserved = (events$: Observable<IEvent>): Observable<ICommand> =>
    events$.pipe(
      ofType(OrderPlaced),
      filter(({ customer }) => customer === 'prime'),
      delay(0),
      map(({ orderId }) => new ShipOrder(orderId)),
    );

  constructor(private readonly journal: Journal) {}

  /** As a method. */
  @Saga()
  reservePlaced(events$: Observable<IEvent>): Observable<ICommand> {
    return events$.pipe(
      ofType(OrderPlaced, OrderShipped),
      mergeMap((event) => {
        if (event instanceof OrderShipped) this.journal.write(`saga saw ${event.orderId} shipped`);
        return event instanceof OrderPlaced ? [new ReserveStock(event.orderId)] : [];
      }),
    );
  }
}

@Module({ imports: [CqrsModule], providers: [ShippingSagas] })
export class ShippingModule {}
