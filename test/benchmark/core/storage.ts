import { AsyncLocalStorage } from 'node:async_hooks';

import type { Scenario } from '../scenario.js';

class PlaceOrder {
  constructor(readonly count: number) {}
}

class PlaceOrderHandler {
  async execute(command: PlaceOrder) {
    return { count: command.count };
  }
}

/** A handler called by hand inside Node's AsyncLocalStorage: the least an ambient context costs on this Node. */
export function storageScenarios(): readonly Scenario[] {
  const storage = new AsyncLocalStorage<object>();
  const handler = new PlaceOrderHandler();
  const execute = (command: PlaceOrder) => handler.execute(command);
  return ['command', 'query'].map((name) => ({
    name,
    async run(operations) {
      let handled = 0;
      for (let index = 0; index < operations; index += 1) {
        const command = new PlaceOrder(1);
        handled += (await storage.run({ command }, execute, command)).count;
      }
      return handled;
    },
  }));
}
