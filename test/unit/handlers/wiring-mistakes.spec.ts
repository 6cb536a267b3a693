import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module, Scope, type Type } from '@nestjs/common';
import {
  Behavior,
  Command,
  CommandHandler,
  Dispatcher,
  DispatchNotification,
  Event,
  EventsHandler,
  hasFields,
  isDispatchError,
  Message,
  OnNotification,
  Query,
  QueryHandler,
  RunMode,
  Saga,
  Source,
  UseBehaviors,
  type MessageClass,
} from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { mistakesOf, rejectionOf, start } from '../dispatcher/application.js';
import { commandHandler, eventHandler, queryHandler } from '../dispatcher/handlers.js';

class PlaceOrder extends Command<string> {}
class GetOrder extends Query<string> {}
class OrderPlaced extends Event {}
class OrderShipped extends Event {}

const nothing = (): void => undefined;

/** Decorators refuse such classes at compile time; a program without types, or with an import cycle, has them anyway. */
const unchecked = (decorate: (target: never) => void, target: Type<object>): Type<object> => {
  decorate(target as never);
  return target;
};

/** What an import cycle leaves in place of a class. */
const unset = undefined as unknown as MessageClass;

describe('a handler that cannot be called', () => {
  it('is a mistake where a command handler has no execute()', async () => {
    const handler = unchecked(CommandHandler(PlaceOrder), class Forgetful {});
    expect(await mistakesOf({ providers: [handler] })).toEqual([
      { rule: 'missing-method', text: 'Forgetful (AppModule) handles PlaceOrder but has no method execute().' },
    ]);
  });

  it('is a mistake where an event handler has no handle(), also when it is request-scoped', async () => {
    const handler = unchecked(EventsHandler(OrderPlaced, { scope: Scope.REQUEST }), class Deaf {});
    expect(await mistakesOf({ providers: [handler] })).toEqual([
      { rule: 'missing-method', text: 'Deaf (AppModule) handles OrderPlaced but has no method handle().' },
    ]);
  });

  it('is a mistake where the value that stands in for a query handler has no execute()', async () => {
    const handler = queryHandler(GetOrder, nothing);
    const mistakes = await mistakesOf({ providers: [{ provide: handler, useValue: {} }] });
    expect(mistakes).toEqual([
      { rule: 'missing-method', text: 'GetOrderHandler (AppModule) handles GetOrder but has no method execute().' },
    ]);
  });

  it('is a mistake where a behavior has no handle()', async () => {
    const behavior = unchecked(Behavior(), class Idle {});
    expect(await mistakesOf({ providers: [behavior] })).toEqual([
      { rule: 'missing-method', text: 'The behavior Idle (AppModule) has no method handle().' },
    ]);
  });
});

describe('a handler for nothing', () => {
  it('is a mistake where the decorator names no event', async () => {
    const handler = unchecked(EventsHandler(), class Listener {});
    expect(await mistakesOf({ providers: [handler] })).toEqual([
      {
        rule: 'missing-message',
        text: expect.stringContaining('Listener (AppModule) handles nothing as an events handler'),
      },
    ]);
  });

  it('is a mistake where an import cycle left the class unset, also beside another class', async () => {
    const command = commandHandlerOf(unset);
    const events = unchecked(EventsHandler(OrderPlaced, unset), class Listener {});
    const mistakes = await mistakesOf({ providers: [command, events] });
    expect(mistakes.map(({ rule }) => rule)).toEqual(['missing-message', 'missing-message']);
    expect(mistakes[0]?.text).toContain('Orphan (AppModule) handles nothing as a command handler');
  });

  function commandHandlerOf(message: MessageClass): Type<object> {
    return unchecked(CommandHandler(message), class Orphan {});
  }
});

describe('a message class with a wrong identity', () => {
  it('is a mistake where its name is empty or its version is no whole number from 1', async () => {
    @Message('')
    class Nameless extends Command {}
    @Message('orders.cancel', { version: 0 })
    class CancelOrder extends Command {}
    @Message('orders.shipped', { version: 1.5 })
    class Shipped extends Event {}
    const mistakes = await mistakesOf({
      providers: [
        commandHandler(Nameless, nothing),
        commandHandler(CancelOrder, nothing),
        eventHandler(Shipped, nothing),
      ],
    });
    expect(mistakes.map(({ rule }) => rule)).toEqual(['invalid-message', 'invalid-message', 'invalid-message']);
    expect(mistakes[1]?.text).toContain('CancelOrder has the name "orders.cancel" and the version 0');
  });

  it('is a mistake where two classes have one wire name and version', async () => {
    @Message('orders.place')
    class Place extends Command {}
    @Message('orders.place')
    class PlaceAgain extends Command {}
    const mistakes = await mistakesOf({
      providers: [commandHandler(Place, nothing), commandHandler(PlaceAgain, nothing)],
    });
    expect(mistakes).toEqual([
      {
        rule: 'duplicate-message-name',
        text: expect.stringMatching(
          /^The classes Place, handled by PlaceHandler \(AppModule\), and PlaceAgain, .* are both the message "orders.place" version 1/,
        ),
      },
    ]);
  });

  it('is none where the versions differ', async () => {
    @Message('orders.place')
    class Place extends Command<string> {}
    @Message('orders.place', { version: 2 })
    class PlaceBetter extends Command<string> {}
    const { dispatcher } = await start({
      providers: [commandHandler(Place, () => 'v1'), commandHandler(PlaceBetter, () => 'v2')],
    });
    expect([await dispatcher.execute(new Place()), await dispatcher.execute(new PlaceBetter())]).toEqual(['v1', 'v2']);
  });
});

describe('a key that leads nowhere clear', () => {
  it('is a mistake where two handlers give it to two classes', async () => {
    const mistakes = await mistakesOf({
      providers: [
        commandHandler(PlaceOrder, nothing, { keys: ['shop/order'] }),
        eventHandler(OrderPlaced, nothing, { keys: ['shop/order'] }),
      ],
    });
    expect(mistakes).toEqual([{ rule: 'duplicate-key', text: expect.stringContaining('The key "shop/order"') }]);
  });

  it('is a mistake where a function and a message class have it', async () => {
    @Injectable()
    class Listening {
      constructor(@Inject(Dispatcher) dispatcher: Dispatcher) {
        dispatcher.on('PlaceOrder', nothing);
      }
    }
    // Made after what it injects, so that the key is still free when the function takes it.
    @CommandHandler(PlaceOrder)
    class LateHandler {
      constructor(@Inject(Listening) readonly listening: Listening) {}

      execute(): string {
        return 'placed';
      }
    }
    const mistakes = await mistakesOf({ providers: [Listening, LateHandler] });
    expect(mistakes).toEqual([{ rule: 'duplicate-key', text: expect.stringContaining('The key "PlaceOrder"') }]);
  });

  it('is a mistake where the handler names several events', async () => {
    @EventsHandler(OrderPlaced, OrderShipped, { keys: ['shop/order'] })
    class Listener {
      handle(): void {}
    }
    const mistakes = await mistakesOf({ providers: [Listener] });
    expect(new Set(mistakes.map(({ rule }) => rule))).toEqual(new Set(['duplicate-key']));
    expect(mistakes[0]?.text).toContain('Listener (AppModule) names several events and the keys shop/order');
  });
});

describe('a provider of another kind', () => {
  it('is a mistake where a handler names a behavior that nobody provides', async () => {
    @Behavior({ appliesTo: 'named' })
    class Audit {
      handle(): void {}
    }
    @UseBehaviors(Audit)
    @QueryHandler(GetOrder)
    class GetOrderHandler {
      execute = (): string => 'order';
    }
    expect(await mistakesOf({ providers: [GetOrderHandler] })).toEqual([
      { rule: 'unknown-behavior', text: expect.stringContaining('GetOrderHandler (AppModule) uses Audit') },
    ]);
  });

  it('is a mistake where a source is request-scoped, or recognises nothing', async () => {
    @Injectable({ scope: Scope.REQUEST })
    @Source({ name: 'scoped', match: hasFields('id') })
    class ScopedSource {
      parse = () => ({ key: 'key', payload: {} });
    }
    const unparsing = unchecked(Source({ name: 'unparsing', match: hasFields('id') }), class UnparsingSource {});
    const mistakes = await mistakesOf({ providers: [ScopedSource, unparsing] });
    expect(mistakes.map(({ rule }) => rule)).toEqual(['invalid-source', 'invalid-source']);
    expect(mistakes[0]?.text).toContain('ScopedSource (AppModule)');
  });

  it('is a mistake where two sources share a name', async () => {
    const sources = ['FirstSource', 'SecondSource'].map((name) => {
      @Source({ name: 'hub', match: hasFields('id') })
      class HubSource {
        parse = () => ({ key: 'key', payload: {} });
      }
      Object.defineProperty(HubSource, 'name', { value: name });
      return HubSource;
    });
    const mistakes = await mistakesOf({ providers: sources });
    expect(mistakes).toEqual([{ rule: 'invalid-source', text: expect.stringContaining('hub') }]);
  });

  it('is a mistake where an observer of notifications is transient', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Audit {
      @OnNotification(DispatchNotification)
      watch(): void {}
    }
    expect(await mistakesOf({ providers: [Audit] })).toEqual([
      { rule: 'invalid-observer', text: expect.stringContaining('Audit') },
    ]);
  });

  it('is a mistake where it asks for a queue', async () => {
    const mistakes = await mistakesOf({ providers: [commandHandler(PlaceOrder, nothing, { runMode: RunMode.Async })] });
    expect(mistakes).toEqual([
      { rule: 'missing-queue', text: expect.stringMatching(/^PlaceOrderHandler \(AppModule\).*the option "queue"/) },
    ]);
  });

  it('is a mistake where its time limit cannot be kept', async () => {
    const limits = [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31];
    for (const timeoutMs of limits) {
      const mistakes = await mistakesOf({ providers: [commandHandler(PlaceOrder, nothing, { timeoutMs })] });
      expect(mistakes).toEqual([
        {
          rule: 'invalid-options',
          text: expect.stringContaining(`PlaceOrderHandler (AppModule) has timeoutMs ${timeoutMs}`),
        },
      ]);
    }
  });
});

describe('several mistakes', () => {
  @Module({ providers: [commandHandler(PlaceOrder, nothing)] })
  class SalesModule {}

  @Injectable({ scope: Scope.REQUEST })
  class ScopedSaga {
    @Saga()
    place(events$: Observable<object>): Observable<PlaceOrder> {
      return events$.pipe(map(() => new PlaceOrder()));
    }
  }

  it('come in one error that names the classes and modules of each', async () => {
    const error = await rejectionOf(
      start({
        options: { timeoutMs: -1, runMode: RunMode.Async },
        imports: [SalesModule],
        providers: [commandHandler(PlaceOrder, nothing), ScopedSaga, unchecked(EventsHandler(), class Listener {})],
      }),
    );
    expect(isDispatchError(error, 'DISPATCH_WIRING')).toBe(true);
    const text = (error as Error).message;
    expect(text).toMatch(/^5 mistakes in the wiring:\n/);
    expect(text).toMatch(
      /PlaceOrderHandler \((App|Sales)Module\) and PlaceOrderHandler \((App|Sales)Module\) both handle/,
    );
    expect(text).toContain('SalesModule');
    expect(text).toContain('ScopedSaga.place of ScopedSaga (AppModule)');
    expect(text).toContain('Listener (AppModule) handles nothing as an events handler');
    expect(text).toContain('The option "timeoutMs" of DispatchModule is -1');
    expect(text).toContain('DispatchModule asks for RunMode.Async');
  });
});
