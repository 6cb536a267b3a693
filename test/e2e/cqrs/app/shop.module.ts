import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { CommandBus, CqrsModule, EventBus, ofType, QueryBus, UnhandledExceptionBus } from '@nestjs/cqrs';

import { Journal, JournalModule } from './journal.js';
import { OrderRefused, OrderShipped } from './orders.messages.js';
import { OrdersModule } from './orders.module.js';
import { ShippingModule } from './shipping.module.js';
import { TenantsModule } from './tenants.module.js';

/** Watches the buses, each of which is an Observable. */
@Injectable()
class Watch implements OnModuleInit {
  constructor(
    private readonly journal: Journal,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly events: EventBus,
    private readonly failures: UnhandledExceptionBus,
  ) {}

  onModuleInit(): void {
    this.commands.subscribe((command) => this.journal.write(`command ${command.constructor.name}`));
    this.queries.subscribe((query) => this.journal.write(`query ${query.constructor.name}`));
    this.events.pipe(ofType(OrderShipped)).subscribe(({ orderId }) => this.journal.write(`event shipped ${orderId}`));
    this.failures.subscribe(({ cause }) => this.journal.write(`failure of ${cause.constructor.name}`));
    this.failures
      .pipe(UnhandledExceptionBus.ofType(OrderRefused))
      .subscribe(({ exception }) => this.journal.write(`failure because ${exception.message}`));
    this.failures
      .pipe(UnhandledExceptionBus.ofType(RangeError))
      .subscribe(({ exception }) => this.journal.write(`out of range: ${exception.message}`));
  }
}

/** Several feature modules, each importing the library's module as it is. */
@Module({ imports: [JournalModule, CqrsModule, OrdersModule, ShippingModule, TenantsModule], providers: [Watch] })
export class ShopModule {}
