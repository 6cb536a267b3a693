import { describe, expect, it } from '@jest/globals';
import {
  Command,
  CommandHandler,
  Event,
  EventsHandler,
  Message,
  Query,
  QueryHandler,
  RunMode,
  type HandlerOptions,
  type MessageOptions,
} from 'nestjs-dispatch';

import { mistakesOf, start } from '../dispatcher/application.js';
import { commandHandler } from '../dispatcher/handlers.js';

class PlaceOrder extends Command<string> {}
class GetOrder extends Query<string> {}
class OrderPlaced extends Event {}

const handlerOf = {
  '@CommandHandler': (options: object) => {
    @CommandHandler(PlaceOrder, options)
    class Handler {
      execute = (): string => 'placed';
    }
    return Handler;
  },
  '@QueryHandler': (options: object) => {
    @QueryHandler(GetOrder, options)
    class Handler {
      execute = (): string => 'order';
    }
    return Handler;
  },
  '@EventsHandler': (options: object) => {
    @EventsHandler(OrderPlaced, options)
    class Handler {
      handle(): void {}
    }
    return Handler;
  },
};

const schema = { '~standard': { version: 1, vendor: 'test', validate: () => ({ value: {} }) } } as const;

describe('an option of a handler', () => {
  it.each<[keyof typeof handlerOf, Record<string, unknown>, string]>([
    [
      '@CommandHandler',
      { timeout: 5 },
      '"timeout", which is unknown: the options are keys, runMode, queue, priority, timeoutMs,',
    ],
    ['@QueryHandler', { retries: 3 }, '"retries", which is unknown: the options are keys,'],
    ['@CommandHandler', { polymorphic: true }, '"polymorphic", which is unknown'],
    ['@EventsHandler', { override: true }, '"override", which is unknown: the options are keys,'],
    ['@CommandHandler', { runMode: 'fast' }, '"runMode", which is "fast", not RunMode.Sync or RunMode.Async.'],
    ['@EventsHandler', { runMode: null }, '"runMode", which is null, not RunMode.Sync or RunMode.Async.'],
    ['@CommandHandler', { queue: 7 }, '"queue", which is 7, not the name of a queue.'],
    ['@EventsHandler', { queue: '' }, '"queue", which is "", not the name of a queue.'],
    ['@CommandHandler', { keys: 'a' }, '"keys", which is "a": give a list of keys.'],
    ['@EventsHandler', { keys: ['a', 7] }, '"keys", which has 7 in it: a key is a string.'],
    ['@QueryHandler', { schema: {} }, '"schema", which is an object, no Standard Schema: it has no "~standard"'],
    ['@CommandHandler', { schema: PlaceOrder }, '"schema", which is the class PlaceOrder, no Standard Schema'],
    ['@EventsHandler', { schema: null }, '"schema", which is null, no Standard Schema'],
    ['@CommandHandler', { override: 'yes' }, '"override", which is "yes", not true or false.'],
    ['@EventsHandler', { polymorphic: 1 }, '"polymorphic", which is 1, not true or false.'],
  ])('is a mistake: %s with %j', async (decorator, options, text) => {
    expect(await mistakesOf({ providers: [handlerOf[decorator](options)] })).toEqual([
      {
        rule: 'invalid-options',
        text: expect.stringContaining(`${decorator} of Handler (AppModule) has the option ${text}`),
      },
    ]);
  });

  it('is a mistake where a list, a class or nothing stands in the place of all options', async () => {
    for (const [options, shown] of [
      [[], 'an array'],
      [OrderPlaced, 'the class OrderPlaced'],
      [null, 'null'],
    ] as const) {
      const handler = handlerOf['@CommandHandler'](options as unknown as HandlerOptions);
      expect(await mistakesOf({ providers: [handler] })).toEqual([
        {
          rule: 'invalid-options',
          text: `@CommandHandler of Handler (AppModule) has ${shown} as its options: give an object.`,
        },
      ]);
    }
  });

  it('is a mistake for each that is wrong, with all others', async () => {
    const handler = handlerOf['@CommandHandler']({ timeout: 5, keys: 'a', timeoutMs: -1, schema: null });
    const mistakes = await mistakesOf({ providers: [handler] });
    expect(mistakes.map(({ rule }) => rule)).toEqual(Array.from({ length: 4 }, () => 'invalid-options'));
  });

  it('is taken where it is right or undefined', async () => {
    const options = { keys: ['shop/order'], runMode: RunMode.Sync, timeoutMs: 0, schema, override: false };
    const { dispatcher } = await start({
      providers: [
        handlerOf['@CommandHandler'](options),
        handlerOf['@QueryHandler']({ keys: undefined, schema: undefined }),
      ],
    });
    expect([await dispatcher.execute(new PlaceOrder()), await dispatcher.query(new GetOrder())]).toEqual([
      'placed',
      'order',
    ]);
  });
});

describe('the schema of a message', () => {
  const messageWith = (given: unknown) => {
    @Message('orders.cancel', { schema: given } as MessageOptions)
    class CancelOrder extends Command {}
    return commandHandler(CancelOrder, () => undefined);
  };

  it('is a mistake where it is no Standard Schema', async () => {
    expect(await mistakesOf({ providers: [messageWith({ parse: () => undefined })] })).toEqual([
      {
        rule: 'invalid-message',
        text: expect.stringContaining('The schema of CancelOrder is an object, no Standard Schema'),
      },
    ]);
  });

  it('may be a function that has the rules on it', async () => {
    const { dispatcher } = await start({ providers: [messageWith(Object.assign(() => undefined, schema))] });
    expect(dispatcher).toBeDefined();
  });
});
