import { describe, expect, it } from '@jest/globals';
import { EventBus, EventsHandler } from 'nestjs-dispatch';

import { start } from './application.js';

abstract class DomainEvent {}
class OrderEvent extends DomainEvent {}
class OrderPlaced extends OrderEvent {}
class OrderShipped extends OrderEvent {}

const seen: string[] = [];

@EventsHandler(DomainEvent, { polymorphic: true })
class EveryEvent {
  handle(event: DomainEvent) {
    seen.push(`domain: ${event.constructor.name}`);
  }
}

@EventsHandler(OrderEvent, { polymorphic: true })
class EveryOrderEvent {
  handle() {
    seen.push('order');
  }
}

@EventsHandler(OrderEvent)
class OrderEventItself {
  handle() {
    seen.push('order itself');
  }
}

@EventsHandler(OrderPlaced)
class Placed {
  handle() {
    seen.push('placed');
  }
}

@EventsHandler(OrderPlaced, OrderEvent, DomainEvent, { polymorphic: true })
class NamedThrice {
  handle() {
    seen.push('thrice');
  }
}

async function publish(event: object, providers: (new () => object)[]): Promise<string[]> {
  seen.length = 0;
  const app = await start(providers);
  await app.get(EventBus).publish(event);
  await app.close();
  return [...seen];
}

describe('a handler of a base class of events (nestjs/cqrs#17, #486, #1023)', () => {
  it('sees no subclass where it does not ask to', async () => {
    expect(await publish(new OrderPlaced(), [OrderEventItself])).toEqual([]);
    expect(await publish(new OrderEvent(), [OrderEventItself])).toEqual(['order itself']);
  });

  it('sees subclasses that have no handler of their own', async () => {
    expect(await publish(new OrderShipped(), [EveryEvent, Placed])).toEqual(['domain: OrderShipped']);
  });

  it('still sees a subclass that has a handler of its own', async () => {
    expect(await publish(new OrderPlaced(), [EveryEvent, Placed])).toEqual(['placed', 'domain: OrderPlaced']);
  });

  it("comes after the event's own handlers, the nearest base first, whatever the order of registration", async () => {
    const expected = ['placed', 'order', 'domain: OrderPlaced'];
    expect(await publish(new OrderPlaced(), [EveryEvent, EveryOrderEvent, Placed])).toEqual(expected);
    expect(await publish(new OrderPlaced(), [Placed, EveryOrderEvent, EveryEvent])).toEqual(expected);
  });

  it('is called once for an event that it names at several levels', async () => {
    expect(await publish(new OrderPlaced(), [NamedThrice])).toEqual(['thrice']);
  });
});
