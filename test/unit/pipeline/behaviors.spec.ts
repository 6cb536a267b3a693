import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Module, type Type } from '@nestjs/common';
import {
  Behavior,
  Command,
  CommandHandler,
  Event,
  Message,
  NextCalledTwiceError,
  Query,
  SkipBehavior,
  UseBehaviors,
  type BehaviorOptions,
  type HandlerContext,
  type Next,
  type PipelineBehavior,
} from 'nestjs-dispatch';

import { rejectionOf, start } from '../dispatcher/application.js';
import { commandHandler, eventHandler, queryHandler } from '../dispatcher/handlers.js';

class PlaceOrder extends Command<string> {}
class GetOrder extends Query<string> {}
class OrderPlaced extends Event {}

type Around = (next: Next, context: HandlerContext) => unknown;

/** Makes a behavior class of a function. */
function behavior(around: Around, options: BehaviorOptions = {}): Type<PipelineBehavior> {
  @Behavior(options)
  class TestBehavior implements PipelineBehavior {
    handle(context: HandlerContext, next: Next): unknown {
      return around(next, context);
    }
  }
  return TestBehavior;
}

/** A behavior that puts its name around the result. */
const naming = (name: string, options?: BehaviorOptions) =>
  behavior(async (next) => `${name}(${String(await next())})`, options);

const placing = commandHandler(PlaceOrder, () => 'placed');

/** The result of a command with these behaviors around its handler. */
async function resultWith(...providers: Type<object>[]): Promise<string> {
  const { dispatcher } = await start({ providers: [...providers, placing] });
  return dispatcher.execute(new PlaceOrder());
}

describe('a behavior that fails', () => {
  const failure = new RangeError('not allowed');

  it.each<[string, Around]>([
    [
      'throws before next()',
      () => {
        throw failure;
      },
    ],
    ['rejects before next()', () => Promise.reject(failure)],
    [
      'throws after next()',
      async (next) => {
        await next();
        throw failure;
      },
    ],
  ])('rejects the command where it %s, and the next command is handled', async (_how, fail) => {
    const arounds: Around[] = [fail, (next) => next()];
    const { dispatcher } = await start({
      providers: [placing, behavior((next, context) => arounds.shift()?.(next, context))],
    });
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder()))).toBe(failure);
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
  });

  it('is reported like a failing handler where it stands around that of an event', async () => {
    const { dispatcher, log } = await start({
      providers: [
        eventHandler(OrderPlaced, () => undefined),
        behavior(() => {
          throw failure;
        }),
      ],
    });
    await dispatcher.publish(new OrderPlaced(), { id: 'e1' });
    await setImmediate();
    expect(log.lines).toEqual(['error OrderPlacedListener failed at the event "OrderPlaced" (e1): not allowed']);
  });

  it('may call next() once only', async () => {
    let handledCount = 0;
    const twice = behavior(async (next) => {
      await next();
      return next();
    });
    const { dispatcher } = await start({
      providers: [
        twice,
        commandHandler(PlaceOrder, () => {
          handledCount += 1;
        }),
      ],
    });
    const error = await rejectionOf(dispatcher.execute(new PlaceOrder()));
    expect(error).toBeInstanceOf(NextCalledTwiceError);
    expect(error).toMatchObject({
      code: 'DISPATCH_NEXT_CALLED_TWICE',
      behaviorName: 'TestBehavior',
      messageName: 'PlaceOrder',
    });
    expect(handledCount).toBe(1);
  });

  it('sees what the handler threw, also synchronously, and may answer in its place', async () => {
    const rescuing = behavior(async (next) => {
      try {
        return await next();
      } catch (error) {
        return `rescued from ${(error as Error).message}`;
      }
    });
    const { dispatcher } = await start({
      providers: [
        rescuing,
        commandHandler(PlaceOrder, () => {
          throw failure;
        }),
      ],
    });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('rescued from not allowed');
  });
});

describe('a behavior', () => {
  it('keeps the handler from running where it does not call next()', async () => {
    const seen: string[] = [];
    const { dispatcher } = await start({
      providers: [behavior(() => 'cached'), commandHandler(PlaceOrder, () => seen.push('handled'))],
    });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('cached');
    expect(seen).toEqual([]);
  });

  it('may replace the result', async () => {
    expect(await resultWith(behavior(async (next) => String(await next()).toUpperCase()))).toBe('PLACED');
  });

  it('is given the context of the message', async () => {
    const { dispatcher } = await start({
      providers: [behavior((_next, context) => `${context.handler.name} ${context.name} ${context.id}`), placing],
    });
    expect(await dispatcher.execute(new PlaceOrder(), { id: 'm1' })).toBe('PlaceOrderHandler PlaceOrder m1');
  });

  it('is the same one where two modules provide its class', async () => {
    const outer = naming('a');
    @Module({ providers: [outer] })
    class SharedModule {}
    const { dispatcher } = await start({ imports: [SharedModule], providers: [outer, placing] });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('a(placed)');
  });
});

describe('the order of behaviors', () => {
  it('follows the priority, lower further out, whatever the order of registration', async () => {
    const behaviors = [
      naming('inner', { priority: 10 }),
      naming('outer', { priority: -10 }),
      naming('first'),
      naming('second'),
    ];
    expect(await resultWith(...behaviors)).toBe('outer(first(second(inner(placed))))');
  });

  it('has room for behaviors between the shipped ones', async () => {
    const seen: string[] = [];
    @Message('checked')
    class Checked extends Command {
      validate(): void {
        seen.push('validation');
      }
    }
    const noting = (name: string, priority: number) =>
      behavior(
        (next) => {
          seen.push(name);
          return next();
        },
        { priority },
      );
    const { dispatcher } = await start({
      providers: [noting('after', -279), noting('before', -281), commandHandler(Checked, () => seen.push('handler'))],
    });
    await dispatcher.execute(new Checked());
    expect(seen).toEqual(['before', 'validation', 'after', 'handler']);
  });
});

describe('the reach of a behavior', () => {
  it("is the handlers that name it with appliesTo: 'named'", async () => {
    const named = naming('named', { appliesTo: 'named' });
    class CancelOrder extends Command<string> {}
    @UseBehaviors(named)
    @CommandHandler(CancelOrder)
    class CancelOrderHandler {
      execute(): string {
        return 'cancelled';
      }
    }
    const { dispatcher } = await start({ providers: [named, placing, CancelOrderHandler] });
    expect([await dispatcher.execute(new PlaceOrder()), await dispatcher.execute(new CancelOrder())]).toEqual([
      'placed',
      'named(cancelled)',
    ]);
  });

  it('is the kinds of messages it names', async () => {
    const seen: string[] = [];
    const noting = behavior(
      (next, { kind }) => {
        seen.push(kind);
        return next();
      },
      { kinds: ['query', 'event'] },
    );
    const { dispatcher } = await start({
      providers: [noting, placing, queryHandler(GetOrder, () => 'order'), eventHandler(OrderPlaced, () => undefined)],
    });
    await dispatcher.execute(new PlaceOrder());
    await dispatcher.query(new GetOrder());
    await dispatcher.publish(new OrderPlaced());
    expect(seen).toEqual(['query', 'event']);
  });

  it('does not include messages that skip it', async () => {
    const [skipped, kept] = [naming('skipped'), naming('kept')];
    @SkipBehavior(skipped)
    class CancelOrder extends Command<string> {}
    const { dispatcher } = await start({
      providers: [skipped, kept, placing, commandHandler(CancelOrder, () => 'cancelled')],
    });
    expect([await dispatcher.execute(new PlaceOrder()), await dispatcher.execute(new CancelOrder())]).toEqual([
      'skipped(kept(placed))',
      'kept(cancelled)',
    ]);
  });
});
