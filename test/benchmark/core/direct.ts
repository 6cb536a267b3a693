import type { Scenario } from '../scenario.js';

class PlaceOrder {
  constructor(readonly count: number) {}
}
class OrderPlaced {
  constructor(readonly count: number) {}
}

class PlaceOrderHandler {
  async execute(command: PlaceOrder) {
    return { count: command.count };
  }
}

class OrderPlacedHandler {
  handled = 0;

  async handle(event: OrderPlaced) {
    this.handled += event.count;
  }
}

/** The same handlers called by hand, without any library: what the least is that a message can cost. */
export function directScenarios(): readonly Scenario[] {
  return [
    callScenario('command'),
    callScenario('query'),
    publishScenario('publish', 1),
    publishScenario('publish to 10', 10),
  ];
}

function callScenario(name: string): Scenario {
  const handler = new PlaceOrderHandler();
  return {
    name,
    async run(operations) {
      let handled = 0;
      for (let index = 0; index < operations; index += 1) handled += (await handler.execute(new PlaceOrder(1))).count;
      return handled;
    },
  };
}

function publishScenario(name: string, count: number): Scenario {
  const handlers = Array.from({ length: count }, () => new OrderPlacedHandler());
  const handled = (): number => handlers.reduce((sum, handler) => sum + handler.handled, 0);
  return {
    name,
    callsPerOperation: count,
    async run(operations) {
      const before = handled();
      for (let index = 0; index < operations; index += 1) {
        const event = new OrderPlaced(1);
        let last: Promise<void> | undefined;
        for (const handler of handlers) last = handler.handle(event);
        await last;
      }
      return handled() - before;
    },
  };
}
