import { describe, expect, it } from '@jest/globals';
import { Event, EventsHandler } from 'nestjs-dispatch';

import { start } from '../dispatcher/application.js';
import { eventHandler } from '../dispatcher/handlers.js';

class OrderEvent extends Event {}
class OrderPlaced extends OrderEvent {}
class GiftPlaced extends OrderPlaced {}

/** An application with a listener per name, which notes the name. */
async function listening(listeners: Readonly<Record<string, readonly [typeof Event, boolean]>>) {
  const seen: string[] = [];
  const providers = Object.entries(listeners).map(([name, [event, polymorphic]]) =>
    eventHandler(event, () => seen.push(name), { name, polymorphic }),
  );
  const { dispatcher } = await start({ providers });
  return { seen, dispatcher };
}

describe('an event handler', () => {
  it('is not given subclasses of its event without polymorphic: true', async () => {
    const { seen, dispatcher } = await listening({ plain: [OrderEvent, false] });
    await dispatcher.publish(new OrderPlaced());
    expect(seen).toEqual([]);
    await dispatcher.publish(new OrderEvent());
    expect(seen).toEqual(['plain']);
  });

  it('is not given base classes of its event with polymorphic: true', async () => {
    const { seen, dispatcher } = await listening({ polymorphic: [OrderPlaced, true] });
    await dispatcher.publish(new OrderEvent());
    expect(seen).toEqual([]);
  });

  it('comes after those of the very class, nearest base first, however they are registered', async () => {
    const { seen, dispatcher } = await listening({
      root: [Event, true],
      secondBase: [OrderEvent, true],
      nearBase: [OrderPlaced, true],
      deafBase: [OrderPlaced, false],
      own: [GiftPlaced, false],
      thirdBase: [OrderEvent, true],
      ownPolymorphic: [GiftPlaced, true],
    });
    await dispatcher.publish(new GiftPlaced());
    expect(seen).toEqual(['own', 'ownPolymorphic', 'nearBase', 'secondBase', 'thirdBase', 'root']);
  });

  it('is called once for an event it names both itself and by a base', async () => {
    const seen: string[] = [];
    @EventsHandler(OrderEvent, OrderPlaced, { polymorphic: true })
    class OneDecorator {
      handle(): void {
        seen.push('one decorator');
      }
    }
    @EventsHandler(OrderEvent, { polymorphic: true })
    @EventsHandler(OrderPlaced)
    class TwoDecorators {
      handle(): void {
        seen.push('two decorators');
      }
    }
    const { dispatcher } = await start({ providers: [OneDecorator, TwoDecorators] });
    await dispatcher.publish(new OrderPlaced());
    expect(seen).toEqual(['one decorator', 'two decorators']);
  });

  it('sees every plain object of a class without a base', async () => {
    const seen: object[] = [];
    class Plain {
      constructor(readonly id: number) {}
    }
    const { dispatcher } = await start({ providers: [eventHandler(Plain, (event) => seen.push(event))] });
    await dispatcher.publish(new Plain(1));
    expect(seen).toEqual([new Plain(1)]);
  });
});
