import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DispatchExceptionFilter, DispatchModule } from 'nestjs-dispatch';

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
  imports: [DispatchModule.forRoot()],
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
export class AppModule {}
