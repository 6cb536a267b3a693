import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { UnhandledExceptionBus } from 'nestjs-dispatch';
import type { Subscription } from 'rxjs';

import { Journal } from './journal.js';

/** Shows the failures that no caller sees. The library logs them too, on stderr. */
@Injectable()
export class FailureWatch implements OnModuleInit, OnModuleDestroy {
  private subscription: Subscription | undefined;

  constructor(
    private readonly failures: UnhandledExceptionBus,
    private readonly journal: Journal,
  ) {}

  onModuleInit(): void {
    this.subscription = this.failures.subscribe(({ cause, exception }) => {
      this.journal.write(`a handler of ${cause.constructor.name} failed: ${String(exception)}`);
    });
  }

  onModuleDestroy(): void {
    this.subscription?.unsubscribe();
  }
}
