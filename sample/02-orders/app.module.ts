import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import {
  DispatchExceptionFilter,
  DispatchModule,
  RunMode,
  type DispatchOptions,
  type QueueBackendFactory,
} from 'nestjs-dispatch';

import { FailureWatch } from './failure-watch.js';
import { JournalBehavior } from './journal.behavior.js';
import { Journal } from './journal.js';
import { PayOrderHandler, PlaceOrderHandler, ShipOrderHandler } from './orders/command-handlers.js';
import { MailConfirmation, UpdateSalesReport } from './orders/event-handlers.js';
import { OrderRepository } from './orders/order-repository.js';
import { OrdersController } from './orders/orders.controller.js';
import { GetOrderHandler, GetSalesHandler } from './orders/query-handlers.js';
import { SalesReport } from './orders/sales-report.js';
import { ShippingSaga } from './orders/shipping.saga.js';

@Module({
  controllers: [OrdersController],
  providers: [
    { provide: APP_FILTER, useClass: DispatchExceptionFilter },
    Journal,
    JournalBehavior,
    FailureWatch,
    OrderRepository,
    SalesReport,
    PlaceOrderHandler,
    PayOrderHandler,
    ShipOrderHandler,
    GetOrderHandler,
    GetSalesHandler,
    MailConfirmation,
    UpdateSalesReport,
    ShippingSaga,
  ],
})
export class AppModule {
  /** In the caller's turn where no queue is given; nothing else in this application knows the difference. */
  static with(queue?: QueueBackendFactory): DynamicModule {
    const options = queue === undefined ? {} : throughQueue(queue);
    return { module: AppModule, imports: [DispatchModule.forRoot(options)] };
  }
}

function throughQueue(queue: QueueBackendFactory): DispatchOptions {
  return {
    queue,
    runMode: RunMode.Async,
    // A question is answered where it is asked.
    routes: [{ messages: ['orders.get', 'orders.sales'], runMode: RunMode.Sync }],
    // The tour shows every failure once. By default a message is tried four times, over seven seconds.
    queues: { defaults: { maxAttempts: 1 } },
  };
}
