import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DispatchExceptionFilter, DispatchModule } from 'nestjs-dispatch';

import { queueIn } from '../queue-store.js';
import { CrashPoint } from './crash-point.behavior.js';
import { Effects } from './effects.js';
import { MailConfirmation, PlaceOrderHandler, ReserveStock } from './orders/handlers.js';
import { OrdersController } from './orders/orders.controller.js';
import { QueuesController } from './orders/queues.controller.js';
import { CONCURRENCY, LANES, SETTINGS, type Settings } from './settings.js';

/** The same in every process. Whether it handles what is in the queues is said by `DISPATCH_ROLE`, from outside. */
@Module({
  controllers: [OrdersController, QueuesController],
  providers: [
    { provide: APP_FILTER, useClass: DispatchExceptionFilter },
    Effects,
    CrashPoint,
    PlaceOrderHandler,
    ReserveStock,
    MailConfirmation,
  ],
})
export class AppModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DispatchModule.forRoot({
          queue: queueIn(settings.store),
          queues: {
            defaults: {
              concurrency: CONCURRENCY,
              // Only orders have a key, and each lane costs a worker a connection.
              lanes: 0,
              // What a killed worker was at is handled by another one after this time. The default of 30 s is gentler to
              // processes that stand still for a while; here nobody should have to wait that long.
              lockMs: 2000,
              // So that every receipt can be asked at the end.
              keepCompleted: { count: 10_000 },
            },
            each: { orders: { lanes: LANES } },
          },
        }),
      ],
      providers: [{ provide: SETTINGS, useValue: settings }],
    };
  }
}
