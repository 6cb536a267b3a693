import { describe, expect, it } from '@jest/globals';
import { Injectable, Scope, type Type } from '@nestjs/common';
import {
  Bulkhead,
  CachedQuery,
  CircuitBreaker,
  Command,
  CommandHandler,
  discard,
  DispatchNotification,
  Event,
  EventsHandler,
  Idempotent,
  InvalidatesQueries,
  OnError,
  OnNotification,
  Query,
  QueryHandler,
  RateLimit,
  type NotificationClass,
} from 'nestjs-dispatch';

import { mistakesOf, start } from '../dispatcher/application.js';
import { commandHandler, eventHandler } from '../dispatcher/handlers.js';

class PlaceOrder extends Command<string> {}
class GetOrder extends Query<string> {}
class OrderPlaced extends Event {}

/** The types of the decorators refuse such classes. */
const decorated = (decorate: (target: never) => void, target: Type<object>): Type<object> => {
  decorate(target as never);
  return target;
};

const executing = () =>
  class Handler {
    execute(): void {}
  };
const handling = () =>
  class Handler {
    handle(): void {}
  };

const command = CommandHandler as (message: unknown) => (target: never) => void;
const query = QueryHandler as (message: unknown) => (target: never) => void;
const events = EventsHandler as unknown as (...messages: unknown[]) => (target: never) => void;

describe('a decorator of another kind than the class it names', () => {
  it.each<[string, Type<object>]>([
    [
      'a @CommandHandler of GetOrder, which extends Query: use @QueryHandler',
      decorated(command(GetOrder), executing()),
    ],
    [
      'a @CommandHandler of OrderPlaced, which extends Event: use @EventsHandler',
      decorated(command(OrderPlaced), executing()),
    ],
    [
      'a @QueryHandler of PlaceOrder, which extends Command: use @CommandHandler',
      decorated(query(PlaceOrder), executing()),
    ],
    [
      'an @EventsHandler of PlaceOrder, which extends Command: use @CommandHandler',
      decorated(events(PlaceOrder), handling()),
    ],
    [
      'an @EventsHandler of GetOrder, which extends Query: use @QueryHandler',
      decorated(events(OrderPlaced, GetOrder), handling()),
    ],
  ])('is a mistake: %s', async (text, handler) => {
    expect(await mistakesOf({ providers: [handler] })).toEqual([
      { rule: 'wrong-kind', text: `Handler (AppModule) is ${text}.` },
    ]);
  });

  it('is none where the class extends no base', async () => {
    class Plain {}
    const { dispatcher } = await start({
      providers: [commandHandler(Plain, () => 'done'), eventHandler(Plain, () => undefined)],
    });
    expect(await dispatcher.execute<string>(new Plain())).toBe('done');
  });
});

describe('a decorator with something else in the place of a class', () => {
  const arrow = (): typeof PlaceOrder => PlaceOrder;

  it.each<[string, Type<object>, string]>([
    ['an array', decorated(events([OrderPlaced]), handling()), 'got an array: name the classes one by one.'],
    ['a string', decorated(events('OrderPlaced'), handling()), 'got a string: name a class.'],
    [
      'a string beside a class',
      decorated(events(OrderPlaced, 'OrderPlaced'), handling()),
      'got a string: name a class.',
    ],
    [
      'options before the class',
      decorated(events({ keys: [] }, OrderPlaced), handling()),
      'got an object: name a class.',
    ],
    ['a function that gives the class', decorated(command(arrow), executing()), 'got a function: name a class.'],
    [
      'undefined',
      decorated(query(undefined), executing()),
      'got undefined, which an import cycle leaves in the place of a class.',
    ],
    ['nothing', decorated(events(), handling()), 'names no class.'],
  ])('is a mistake that says what it got: %s', async (_what, handler, text) => {
    expect(await mistakesOf({ providers: [handler] })).toEqual([
      { rule: 'missing-message', text: expect.stringContaining('Handler (AppModule) handles nothing as') },
    ]);
    const [mistake] = await mistakesOf({ providers: [handler] });
    expect(mistake?.text).toContain(`its decorator ${text}`);
  });
});

describe('a handler with the method of another kind', () => {
  it.each<[string, Type<object>, string]>([
    [
      'execute()',
      decorated(command(PlaceOrder), handling()),
      'execute(); it has handle(), did you mean @EventsHandler?',
    ],
    [
      'handle()',
      decorated(events(OrderPlaced), executing()),
      'handle(); it has execute(), did you mean @CommandHandler or @QueryHandler?',
    ],
  ])('is a mistake that says so where it has no %s', async (_method, handler, text) => {
    const [mistake, ...others] = await mistakesOf({ providers: [handler] });
    expect(mistake).toEqual({ rule: 'missing-method', text: expect.stringMatching(/^Handler \(AppModule\) handles/) });
    expect(mistake?.text).toContain(`but has no method ${text}`);
    expect(others).toEqual([]);
  });
});

describe('a decorator for handlers on a class that handles nothing', () => {
  it.each<[string, string, (target: Type<object>) => void]>([
    ['@Idempotent', '@CommandHandler or @EventsHandler', Idempotent()],
    ['@OnError', '@CommandHandler, @QueryHandler, @EventsHandler or @Saga', OnError(RangeError, discard('never'))],
    ['@CircuitBreaker', '@CommandHandler, @QueryHandler or @EventsHandler', CircuitBreaker()],
    ['@RateLimit', '@CommandHandler, @QueryHandler or @EventsHandler', RateLimit({ max: 1 })],
    ['@Bulkhead', '@CommandHandler, @QueryHandler or @EventsHandler', Bulkhead({ limit: 1 })],
    ['@CachedQuery', '@QueryHandler', CachedQuery({ ttlMs: 1000 })],
    ['@InvalidatesQueries', '@CommandHandler or @EventsHandler', InvalidatesQueries('all')],
  ])('is a mistake: %s', async (name, beside, decorate) => {
    class Helper {
      execute(): void {}
    }
    decorate(Helper);
    expect(await mistakesOf({ providers: [Helper] })).toEqual([
      {
        rule: 'missing-message',
        text: `Helper (AppModule) has ${name} and handles nothing: write it on the class that has ${beside}.`,
      },
    ]);
  });

  it('is a mistake where only the class it extends handles something', async () => {
    class Derived extends commandHandler(PlaceOrder, () => 'done') {}
    Idempotent()(Derived);
    expect(await mistakesOf({ providers: [Derived] })).toEqual([
      { rule: 'missing-message', text: expect.stringContaining('Derived (AppModule) has @Idempotent') },
    ]);
  });

  it('is none on a message, or on a handler whose decorator stands below it', async () => {
    class CancelOrder extends Command<string> {}
    OnError(RangeError, discard('never'))(CancelOrder);
    const handler = commandHandler(CancelOrder, () => 'done');
    Idempotent()(handler);
    const { dispatcher } = await start({ providers: [handler] });
    expect(await dispatcher.execute(new CancelOrder())).toBe('done');
  });
});

describe('an observer of something that is no notification', () => {
  const observing = (type: unknown): Type<object> => {
    class Audit {
      @OnNotification(type as NotificationClass)
      watch(_notification: DispatchNotification): void {}
    }
    return Audit;
  };

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [PlaceOrder, 'the class PlaceOrder'],
    ['CommandFailedNotification', 'a string'],
  ])('is a mistake that names it: %p', async (type, shown) => {
    expect(await mistakesOf({ providers: [observing(type)] })).toEqual([
      {
        rule: 'invalid-observer',
        text: expect.stringContaining(
          `Audit (AppModule) observes ${shown} with watch(), which is no class of notifications`,
        ),
      },
    ]);
  });

  it('is none where it observes all of them', async () => {
    expect(await start({ providers: [observing(DispatchNotification)] })).toBeDefined();
  });

  it('is named with its module where its scope is the mistake', async () => {
    const scoped = observing(DispatchNotification);
    Injectable({ scope: Scope.REQUEST })(scoped);
    expect(await mistakesOf({ providers: [scoped] })).toEqual([
      { rule: 'invalid-observer', text: expect.stringContaining('Audit (AppModule) has @OnNotification methods') },
    ]);
  });
});
