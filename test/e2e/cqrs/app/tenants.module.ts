import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  AsyncContext,
  Command,
  CommandHandler,
  CqrsModule,
  EventBus,
  EventsHandler,
  ofType,
  Query,
  QueryBus,
  QueryHandler,
  Saga,
  type ICommand,
  type IEvent,
  type IEventHandler,
} from '@nestjs/cqrs';
import { map, type Observable } from 'rxjs';

import { Journal } from './journal.js';

/** The request: who sends, and the scope its handlers share. */
export class TenantContext extends AsyncContext {
  constructor(readonly tenant: string) {
    super();
  }
}

export class ChargeTenant extends Command<string> {
  constructor(readonly amount: number) {
    super();
  }
}

export class CurrentTenant extends Query<string> {}

class TenantCharged {
  constructor(readonly amount: number) {}
}

class SendReceipt implements ICommand {}

@Injectable({ scope: Scope.REQUEST })
class TenantSession {
  charges = 0;

  constructor(@Inject(REQUEST) private readonly context: TenantContext) {}

  get tenant(): string {
    return this.context.tenant;
  }
}

@CommandHandler(ChargeTenant, { scope: Scope.REQUEST })
class ChargeTenantHandler {
  constructor(
    @Inject(REQUEST) private readonly context: TenantContext,
    private readonly session: TenantSession,
    private readonly events: EventBus,
    private readonly queries: QueryBus,
  ) {}

  async execute({ amount }: ChargeTenant): Promise<string> {
    this.session.charges += 1;
    this.events.publish(new TenantCharged(amount), this.context);
    return this.queries.execute(new CurrentTenant(), this.context);
  }
}

@QueryHandler(CurrentTenant, { scope: Scope.REQUEST })
class CurrentTenantHandler {
  constructor(private readonly session: TenantSession) {}

  async execute(_query: CurrentTenant): Promise<string> {
    return `${this.session.tenant} after ${this.session.charges} charges`;
  }
}

@EventsHandler(TenantCharged, { scope: Scope.REQUEST })
class TenantChargedHandler implements IEventHandler<TenantCharged> {
  constructor(
    private readonly session: TenantSession,
    private readonly journal: Journal,
  ) {}

  handle({ amount }: TenantCharged): void {
    this.journal.write(`${this.session.tenant} paid ${amount}, ${this.session.charges} charges`);
  }
}

@CommandHandler(SendReceipt, { scope: Scope.REQUEST })
class SendReceiptHandler {
  constructor(
    @Inject(REQUEST) private readonly context: TenantContext,
    private readonly journal: Journal,
  ) {}

  async execute(_command: SendReceipt): Promise<void> {
    this.journal.write(`receipt for ${this.context.tenant}`);
  }
}

@Injectable()
class ReceiptSaga {
  @Saga()
  receipts(events$: Observable<IEvent>): Observable<ICommand> {
    return events$.pipe(
      ofType(TenantCharged),
      map((event) => {
        const command = new SendReceipt();
        AsyncContext.merge(event, command);
        return command;
      }),
    );
  }
}

@Module({
  imports: [CqrsModule],
  providers: [
    TenantSession,
    ChargeTenantHandler,
    CurrentTenantHandler,
    TenantChargedHandler,
    SendReceiptHandler,
    ReceiptSaga,
  ],
})
export class TenantsModule {}
