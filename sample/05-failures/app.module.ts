import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import {
  DeadLettersHttpModule,
  DispatchExceptionFilter,
  DispatchModule,
  RunMode,
  type DispatchOptions,
} from 'nestjs-dispatch';

import { queueIn, type StoreAddress } from '../queue-store.js';
import { AdminGuard } from './admin.guard.js';
import { AccountClosedError, Bank, BankBusyError, BankDownError } from './bank.js';
import { PayInvoiceHandler } from './invoices/handlers.js';
import { InvoicesController } from './invoices/invoices.controller.js';

/** Where `main.ts` says which store it uses, for the application and for the command line beside it. */
export const STORE_VARIABLE = 'SAMPLE_STORE';

function options(): DispatchOptions {
  return {
    runMode: RunMode.Async,
    queue: queueIn(JSON.parse(process.env[STORE_VARIABLE] ?? '') as StoreAddress),
    failures: (on) => [
      on(BankBusyError).retry('20ms', '50ms').thenDeadLetter(),
      on(BankDownError).retry('10ms').thenDeadLetter('bank'),
      on(AccountClosedError).discard('the account is closed'),
    ],
    // What no rule names is not tried again here, so that nobody has to wait. By default it is tried four times.
    queues: { defaults: { maxAttempts: 1 } },
  };
}

/** The same for the application and for the command line, which takes its queues from it. */
@Module({
  imports: [
    DispatchModule.forRootAsync({ useFactory: options }),
    DeadLettersHttpModule.forRoot({ guards: [AdminGuard], path: 'admin/dead-letters' }),
  ],
  controllers: [InvoicesController],
  providers: [{ provide: APP_FILTER, useClass: DispatchExceptionFilter }, Bank, PayInvoiceHandler],
})
export class AppModule {}
