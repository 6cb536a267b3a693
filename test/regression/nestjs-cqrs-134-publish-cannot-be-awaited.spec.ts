import { describe, expect, it } from '@jest/globals';
import { Dispatcher, EventBus, EventsHandler } from 'nestjs-dispatch';

import { rejectionOf, settle, start } from './application.js';

class Placed {
  constructor(readonly isBad = false) {}
}

const seen: string[] = [];

@EventsHandler(Placed)
class Slow {
  async handle() {
    await settle();
    seen.push('slow');
  }
}

@EventsHandler(Placed)
class Slower {
  async handle({ isBad }: Placed) {
    await settle();
    await settle();
    if (isBad) throw new Error('no time');
    seen.push('slower');
  }
}

@EventsHandler(Placed)
class Quick {
  handle({ isBad }: Placed) {
    if (isBad) throw new Error('no patience');
    seen.push('quick');
  }
}

const providers = [Slow, Slower, Quick];

describe('a publisher that waits (nestjs/cqrs#134, #156, #1929, Sairyss/domain-driven-hexagon#25)', () => {
  it('learns each handler that failed, once all of them are done, and the next event is handled', async () => {
    seen.length = 0;
    const app = await start(providers);
    const error = await rejectionOf(app.get(EventBus).publishAndWait(new Placed(true)));
    expect(seen).toEqual(['slow']);
    expect(error).toBeInstanceOf(AggregateError);
    const names = (error as AggregateError).errors.map((each) => (each as { handlerName: string }).handlerName);
    expect(new Set(names)).toEqual(new Set(['Slower', 'Quick']));
    expect((error as Error).message).toMatch(/2 of 3 .*Placed.*no patience.*no time/);
    await app.get(EventBus).publishAndWait(new Placed());
    expect(seen).toEqual(['slow', 'quick', 'slow', 'slower']);
    await app.close();
  });

  it.each([
    ['the event bus', EventBus],
    ['the dispatcher', Dispatcher],
  ])('goes on when every handler is done, through %s', async (_door, door) => {
    seen.length = 0;
    const app = await start(providers);
    await app.get<Pick<Dispatcher, 'publishAndWait'>>(door).publishAndWait(new Placed());
    expect(seen).toEqual(['quick', 'slow', 'slower']);
    await app.close();
  });

  it('is not held up by publish, which resolves when the handlers have started', async () => {
    seen.length = 0;
    const app = await start(providers);
    await app.get(EventBus).publish(new Placed());
    expect(seen).toEqual(['quick']);
    await app.close();
    expect(seen).toEqual(['quick', 'slow', 'slower']);
  });
});
