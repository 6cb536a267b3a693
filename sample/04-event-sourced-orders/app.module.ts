import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DispatchExceptionFilter, DispatchModule } from 'nestjs-dispatch';
import {
  postgresCheckpoints,
  postgresEventStore,
  postgresSnapshots,
  postgresTransactions,
} from 'nestjs-dispatch/postgres';

import type { StoreAddress } from '../queue-store.js';
import { AddLineHandler, PlaceOrderHandler } from './orders/command-handlers.js';
import { PlacedHasCurrency } from './orders/events.js';
import { OrderNumbers } from './orders/order-numbers.js';
import { Order } from './orders/order.js';
import { OrdersController } from './orders/orders.controller.js';
import { OrderSummary } from './summaries/order-summary.projection.js';
import { GetSummariesHandler } from './summaries/query-handlers.js';

@Module({
  controllers: [OrdersController],
  providers: [
    { provide: APP_FILTER, useClass: DispatchExceptionFilter },
    OrderNumbers,
    PlaceOrderHandler,
    AddLineHandler,
    PlacedHasCurrency,
    OrderSummary,
    GetSummariesHandler,
  ],
})
export class AppModule {
  /** Everything is in one database, so that one transaction can hold it together. */
  static on({ url, namespace: schema }: StoreAddress): DynamicModule {
    const store = { connection: url, schema };
    // The statements of this application name no schema.
    const connection = { connectionString: url, options: `-c search_path=${schema}` };
    const options = {
      transactions: { scope: postgresTransactions({ connection }) },
      eventStore: { store: postgresEventStore(store), snapshots: postgresSnapshots(store) },
      projections: { checkpoints: postgresCheckpoints(store) },
    };
    return { module: AppModule, imports: [DispatchModule.forRoot(options), DispatchModule.forFeature([Order])] };
  }
}
