import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import {
  Command,
  CommandBus,
  CommandHandler,
  Dispatcher,
  DispatchModule,
  Event,
  EventsHandler,
  MessageContext,
  ofType,
  Query,
  QueryHandler,
  Saga,
  type HandlerContext,
} from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

class PlaceOrder extends Command<{ orderId: string }> {
  constructor(readonly orderId: string) {
    super();
  }
}
class GetOrder extends Query<string> {
  constructor(readonly orderId: string) {
    super();
  }
}
class OrderPlaced extends Event {
  constructor(readonly orderId: string) {
    super();
  }
}
class ShipOrder extends Command {
  constructor(readonly orderId: string) {
    super();
  }
}

const seen: string[] = [];

@CommandHandler(PlaceOrder)
class PlaceOrderHandler {
  async execute(command: PlaceOrder, context: HandlerContext) {
    await context.publish(new OrderPlaced(command.orderId));
    return { orderId: command.orderId };
  }
}

@QueryHandler(GetOrder, { scope: Scope.REQUEST })
class GetOrderHandler {
  constructor(@Inject(REQUEST) private readonly request: MessageContext) {}

  async execute(query: GetOrder) {
    return `${query.orderId} ${this.request.name}`;
  }
}

@EventsHandler(OrderPlaced)
class OrderListener {
  async handle(event: OrderPlaced, context: HandlerContext) {
    seen.push(`placed ${event.orderId} ${context.causationId === context.correlationId}`);
  }
}

@CommandHandler(ShipOrder)
class ShipOrderHandler {
  async execute(command: ShipOrder, context: HandlerContext) {
    seen.push(`shipped ${command.orderId} ${context.headers.correlationId === context.correlationId}`);
  }
}

@Injectable()
class OrderSaga {
  @Saga()
  ship(events$: Observable<object>): Observable<ShipOrder> {
    return events$.pipe(
      ofType(OrderPlaced),
      map((event) => new ShipOrder(event.orderId)),
    );
  }
}

@Module({
  imports: [DispatchModule.forRoot()],
  providers: [PlaceOrderHandler, GetOrderHandler, OrderListener, ShipOrderHandler, OrderSaga],
})
class AppModule {}

describe('an application', () => {
  it('takes commands, queries, events and sagas to their handlers', async () => {
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    const dispatcher = app.get(Dispatcher);
    expect(await dispatcher.execute(new PlaceOrder('1'))).toEqual({ orderId: '1' });
    expect(await app.get(CommandBus).execute(new PlaceOrder('2'))).toEqual({ orderId: '2' });
    expect(await dispatcher.query(new GetOrder('3'))).toBe('3 GetOrder');
    expect(seen).toEqual(['placed 1 true', 'shipped 1 true', 'placed 2 true', 'shipped 2 true']);
    await app.close();
  });
});
