import { Module, type Provider, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Command,
  CommandBus,
  CommandHandler,
  Dispatcher,
  DispatchModule,
  Event,
  EventsHandler,
  Message,
  Query,
  QueryHandler,
  type HandlerContext,
  type ICommandHandler,
  type IEventHandler,
  type IQueryHandler,
} from 'nestjs-dispatch';

import type { Scenario } from '../scenario.js';
import { COMMANDS, publishingOf } from './applications.js';

class PlaceOrder extends Command<{ count: number }> {
  constructor(readonly count: number) {
    super();
  }
}
class TraceOrder extends Command<{ count: number }> {
  constructor(readonly count: number) {
    super();
  }
}
class CountOrders extends Query<{ count: number }> {
  constructor(readonly count: number) {
    super();
  }
}
class OrderPlaced extends Event {
  constructor(readonly count: number) {
    super();
  }
}

/** What tells how often a handler was called. */
interface Counting {
  readonly handled: number;
}

@CommandHandler(PlaceOrder)
class PlaceOrderHandler implements ICommandHandler<PlaceOrder> {
  async execute(command: PlaceOrder) {
    return { count: command.count };
  }
}

/** Takes the context, and reads of it what is made only when somebody asks. */
@CommandHandler(TraceOrder)
class TraceOrderHandler implements ICommandHandler<TraceOrder> {
  async execute(command: TraceOrder, context: HandlerContext) {
    return { count: context.correlationId === '' ? 0 : command.count };
  }
}

@QueryHandler(CountOrders)
class CountOrdersHandler implements IQueryHandler<CountOrders> {
  async execute(query: CountOrders) {
    return { count: query.count };
  }
}

/** A class of its own for every call: handlers are told apart by class. */
function orderPlacedHandler(): Type<Counting> {
  @EventsHandler(OrderPlaced)
  class OrderPlacedHandler implements IEventHandler<OrderPlaced> {
    handled = 0;

    async handle(event: OrderPlaced) {
      this.handled += event.count;
    }
  }
  return OrderPlacedHandler;
}

function otherHandler(_: unknown, index: number): Type {
  @Message(`benchmark.other-${index}`)
  class Other extends Event {}

  @EventsHandler(Other)
  class OtherHandler implements IEventHandler<Other> {
    async handle(event: Other) {
      throw new Error(`${event.constructor.name} is not published here`);
    }
  }
  return OtherHandler;
}

/** How the context of a message reaches what a handler calls. */
export type ContextCase =
  /** The default, in an application where nobody can see the context. */
  | 'ambient'
  /** The default, in an application where a handler takes the context, which is why it is kept for all. */
  | 'kept'
  /** Switched off. */
  | 'explicit';

/** The scenarios of one application, a real one and with no option but the context mode. */
export async function ourScenarios(contextCase: ContextCase, application: string): Promise<readonly Scenario[]> {
  if (application !== COMMANDS) return [await publishing(contextCase, application)];
  const app = await start(contextCase, [PlaceOrderHandler, CountOrdersHandler]);
  const scenarios = [...commandScenarios(app.get(Dispatcher), app.get(CommandBus)), queryScenario(app.get(Dispatcher))];
  return contextCase === 'kept' ? [...scenarios, tracingScenario(app.get(Dispatcher))] : scenarios;
}

async function start(contextCase: ContextCase, providers: Provider[]) {
  const context = contextCase === 'explicit' ? 'explicit' : 'ambient';
  const all = contextCase === 'kept' ? [...providers, TraceOrderHandler] : providers;
  @Module({ imports: [DispatchModule.forRoot({ context })], providers: all })
  class AppModule {}
  return NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
}

async function publishing(contextCase: ContextCase, name: string): Promise<Scenario> {
  const { handlers, others } = publishingOf(name);
  const types = Array.from({ length: handlers }, orderPlacedHandler);
  const app = await start(contextCase, [...types, ...Array.from({ length: others }, otherHandler)]);
  return publishScenario(
    name,
    app.get(Dispatcher),
    types.map((type) => app.get(type)),
  );
}

function commandScenarios(dispatcher: Dispatcher, commands: CommandBus): readonly Scenario[] {
  return [
    {
      name: 'command',
      async run(operations) {
        let handled = 0;
        for (let index = 0; index < operations; index += 1)
          handled += (await dispatcher.execute(new PlaceOrder(1))).count;
        return handled;
      },
    },
    {
      name: 'command, by CommandBus',
      async run(operations) {
        let handled = 0;
        for (let index = 0; index < operations; index += 1)
          handled += (await commands.execute(new PlaceOrder(1))).count;
        return handled;
      },
    },
  ];
}

function tracingScenario(dispatcher: Dispatcher): Scenario {
  return {
    name: 'command, correlation id read',
    async run(operations) {
      let handled = 0;
      for (let index = 0; index < operations; index += 1) {
        handled += (await dispatcher.execute(new TraceOrder(1))).count;
      }
      return handled;
    },
  };
}

function queryScenario(dispatcher: Dispatcher): Scenario {
  return {
    name: 'query',
    async run(operations) {
      let handled = 0;
      for (let index = 0; index < operations; index += 1) handled += (await dispatcher.query(new CountOrders(1))).count;
      return handled;
    },
  };
}

function publishScenario(name: string, dispatcher: Dispatcher, handlers: readonly Counting[]): Scenario {
  const handled = (): number => handlers.reduce((sum, handler) => sum + handler.handled, 0);
  return {
    name,
    callsPerOperation: handlers.length,
    async run(operations) {
      const before = handled();
      for (let index = 0; index < operations; index += 1) await dispatcher.publish(new OrderPlaced(1));
      return handled() - before;
    },
  };
}
