import { Injectable } from '@nestjs/common';
import { ofType, Saga } from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { ShipOrder } from './commands.js';
import { OrderPaid } from './events.js';

@Injectable()
export class ShippingSaga {
  /** Whatever is paid gets shipped. */
  @Saga()
  shipPaidOrders(events$: Observable<object>): Observable<ShipOrder> {
    return events$.pipe(
      ofType(OrderPaid),
      map(({ orderId }) => new ShipOrder(orderId)),
    );
  }
}
