import { describe, expect, it } from '@jest/globals';
import { CommandBus, CommandHandler, EventBus, EventsHandler } from 'nestjs-dispatch';

import { start } from './application.js';

class Placed {}
class Shipped {}
class Cancelled {}
class Unheard {}

const seen: string[] = [];

@EventsHandler(Placed)
class OnPlaced {
  handle() {
    seen.push('placed');
  }
}

@EventsHandler(Shipped)
class OnShipped {
  handle() {
    seen.push('shipped');
  }
}

@EventsHandler(Placed, Cancelled)
class OnPlacedOrCancelled {
  handle() {
    seen.push('placed or cancelled');
  }
}

/** The same class as a command and as an event, which are two registrations. */
@CommandHandler(Shipped)
class ShippedAsCommand {
  async execute(_command: Shipped) {
    return 'executed';
  }
}

describe('an event of one class (nestjs/cqrs#1889)', () => {
  it.each<[string, object, string[]]>([
    ['with two handlers', new Placed(), ['placed', 'placed or cancelled']],
    ['with one handler', new Shipped(), ['shipped']],
    ['with a handler of several classes', new Cancelled(), ['placed or cancelled']],
    ['without a handler', new Unheard(), []],
    ['that is a plain object', {}, []],
  ])('fires the handlers of that class only, %s', async (_which, event, handlers) => {
    seen.length = 0;
    const app = await start([OnPlaced, OnShipped, OnPlacedOrCancelled, ShippedAsCommand]);
    await app.get(EventBus).publish(event);
    expect(seen).toEqual(handlers);
    await app.close();
  });

  it('fires no handler when the class is executed as a command', async () => {
    seen.length = 0;
    const app = await start([OnPlaced, OnShipped, OnPlacedOrCancelled, ShippedAsCommand]);
    expect(await app.get(CommandBus).execute(new Shipped())).toBe('executed');
    expect(seen).toEqual([]);
    await app.close();
  });
});
