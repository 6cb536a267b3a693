import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import {
  Behavior,
  Command,
  CommandHandler,
  Dispatcher,
  EventsHandler,
  Query,
  QueryHandler,
  SkipBehavior,
  UseBehaviors,
  type HandlerContext,
  type Next,
  type PipelineBehavior,
} from 'nestjs-dispatch';

import { collectFailures, start } from './application.js';

class Place extends Command<string> {
  constructor(readonly amount: number) {
    super();
  }
}
class Count extends Query<number> {}
class Placed {}

const log: string[] = [];

@Behavior({ priority: -10 })
class LogAround implements PipelineBehavior {
  async handle(context: HandlerContext, next: Next) {
    log.push(`before ${context.name}`);
    try {
      return await next();
    } finally {
      log.push(`after ${context.name}`);
    }
  }
}

@Behavior({ kinds: ['command'], priority: 10 })
class Guard implements PipelineBehavior {
  handle({ message }: HandlerContext, next: Next) {
    if (!(message instanceof Place)) return next();
    if (message.amount < 0) throw new RangeError('forbidden');
    return message.amount === 0 ? 'answered by the guard' : next();
  }
}

@Behavior({ appliesTo: 'named' })
class Shout implements PipelineBehavior {
  async handle(_context: HandlerContext, next: Next) {
    return `${String(await next())}!`;
  }
}

@SkipBehavior(LogAround)
class Silent extends Command<string> {}

@CommandHandler(Place)
@UseBehaviors(Shout)
class PlaceHandler {
  async execute({ amount }: Place) {
    log.push(`place ${amount}`);
    return `placed ${amount}`;
  }
}

@CommandHandler(Silent)
class SilentHandler {
  async execute(_command: Silent) {
    return 'silent';
  }
}

@QueryHandler(Count)
class CountHandler {
  async execute(_query: Count) {
    return 3;
  }
}

@EventsHandler(Placed)
class PlacedListener {
  handle() {
    log.push('listen');
  }
}

@EventsHandler(Placed)
class BrokenListener {
  handle() {
    throw new Error('broken');
  }
}

describe('code around every handler (nestjs/cqrs#291, #1032, #1865, #1621)', () => {
  let app: INestApplicationContext;

  beforeEach(async () => {
    log.length = 0;
    const handlers = [PlaceHandler, SilentHandler, CountHandler, PlacedListener, BrokenListener];
    app = await start([LogAround, Guard, Shout, ...handlers]);
  });
  afterEach(() => app.close());

  it('may refuse a command, whose handler does not run, and lets the next one through', async () => {
    await expect(app.get(Dispatcher).execute(new Place(-1))).rejects.toThrow(RangeError);
    expect(await app.get(Dispatcher).execute(new Place(2))).toBe('placed 2!');
    expect(log).toEqual(['before Place', 'after Place', 'before Place', 'place 2', 'after Place']);
  });

  it('runs around each handler of an event, and sees its error before the failure stream does', async () => {
    const failures = collectFailures(app);
    await expect(app.get(Dispatcher).publishAndWait(new Placed())).rejects.toThrow('1 of 2');
    expect(log.filter((line) => line === 'before Placed')).toHaveLength(2);
    expect(log.filter((line) => line === 'after Placed')).toHaveLength(2);
    expect(log).toContain('listen');
    expect(failures).toEqual(['Placed: Error: broken']);
  });

  it('may answer in place of the handler, and change what it returns', async () => {
    expect(await app.get(Dispatcher).execute(new Place(0))).toBe('answered by the guard!');
    expect(await app.get(Dispatcher).execute(new Place(1))).toBe('placed 1!');
    expect(log.filter((line) => line.startsWith('place '))).toEqual(['place 1']);
  });

  it('runs around queries, and not around messages that skip it', async () => {
    expect(await app.get(Dispatcher).query(new Count())).toBe(3);
    expect(await app.get(Dispatcher).execute(new Silent())).toBe('silent');
    expect(log).toEqual(['before Count', 'after Count']);
  });
});
