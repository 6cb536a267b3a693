import { Module, type Provider, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Command,
  CommandBus,
  CommandHandler,
  CqrsModule,
  EventBus,
  EventsHandler,
  Query,
  QueryBus,
  QueryHandler,
  type ICommandHandler,
  type IEventHandler,
  type IQueryHandler,
} from '@nestjs/cqrs';

import type { Scenario } from '../scenario.js';
import { COMMANDS, publishingOf } from './applications.js';

class PlaceOrder extends Command<{ count: number }> {
  constructor(readonly count: number) {
    super();
  }
}
class CountOrders extends Query<{ count: number }> {
  constructor(readonly count: number) {
    super();
  }
}
class OrderPlaced {
  constructor(readonly count: number) {}
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

@QueryHandler(CountOrders)
class CountOrdersHandler implements IQueryHandler<CountOrders> {
  async execute(query: CountOrders) {
    return { count: query.count };
  }
}

/** A class of its own for every call, as on our side. */
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

function otherHandler(): Type {
  class Other {}

  @EventsHandler(Other)
  class OtherHandler implements IEventHandler<Other> {
    async handle(event: Other) {
      throw new Error(`${event.constructor.name} is not published here`);
    }
  }
  return OtherHandler;
}

/** The scenarios of one application, written as the documentation of @nestjs/cqrs writes them. */
export async function cqrsScenarios(application: string): Promise<readonly Scenario[]> {
  if (application !== COMMANDS) return [await publishing(application)];
  const app = await start([PlaceOrderHandler, CountOrdersHandler]);
  return [commandScenario(app.get(CommandBus)), queryScenario(app.get(QueryBus))];
}

async function start(providers: Provider[]) {
  @Module({ imports: [CqrsModule.forRoot()], providers })
  class AppModule {}
  return NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
}

async function publishing(name: string): Promise<Scenario> {
  const { handlers, others } = publishingOf(name);
  const types = Array.from({ length: handlers }, orderPlacedHandler);
  const app = await start([...types, ...Array.from({ length: others }, otherHandler)]);
  return publishScenario(
    name,
    app.get(EventBus),
    types.map((type) => app.get(type)),
  );
}

function commandScenario(commands: CommandBus): Scenario {
  return {
    name: 'command',
    async run(operations) {
      let handled = 0;
      for (let index = 0; index < operations; index += 1) handled += (await commands.execute(new PlaceOrder(1))).count;
      return handled;
    },
  };
}

function queryScenario(queries: QueryBus): Scenario {
  return {
    name: 'query',
    async run(operations) {
      let handled = 0;
      for (let index = 0; index < operations; index += 1) handled += (await queries.execute(new CountOrders(1))).count;
      return handled;
    },
  };
}

function publishScenario(name: string, events: EventBus, handlers: readonly Counting[]): Scenario {
  const handled = (): number => handlers.reduce((sum, handler) => sum + handler.handled, 0);
  return {
    name,
    callsPerOperation: handlers.length,
    async run(operations) {
      const before = handled();
      for (let index = 0; index < operations; index += 1) await events.publish(new OrderPlaced(1));
      return handled() - before;
    },
  };
}
