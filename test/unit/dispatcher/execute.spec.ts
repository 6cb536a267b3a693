import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Command, CommandBus, Event, Query, QueryBus, type Dispatcher } from 'nestjs-dispatch';

import { rejectionOf, start } from './application.js';
import { commandHandler, eventHandler, queryHandler } from './handlers.js';

class PlaceOrder extends Command<string> {}
class GetOrder extends Query<string> {}

type Send = (message: object) => Promise<unknown>;

/** Every door for messages that have one handler. */
const doors: [string, (app: Awaited<ReturnType<typeof startShop>>) => Send][] = [
  [
    'Dispatcher#execute',
    ({ dispatcher }) =>
      (message) =>
        dispatcher.execute(message),
  ],
  [
    'Dispatcher#query',
    ({ dispatcher }) =>
      (message) =>
        dispatcher.query(message),
  ],
  [
    'CommandBus#execute',
    ({ app }) =>
      (message) =>
        app.get(CommandBus).execute<object, unknown>(message),
  ],
  [
    'QueryBus#execute',
    ({ app }) =>
      (message) =>
        app.get(QueryBus).execute<object, unknown>(message),
  ],
];

const startShop = () =>
  start({ providers: [commandHandler(PlaceOrder, () => 'placed'), queryHandler(GetOrder, () => 'order')] });

/** What a program without types may send. */
const notMessages: [string, unknown][] = [
  ['null', null],
  ['undefined', undefined],
  ['a text', 'PlaceOrder'],
  ['a number', 7],
  ['a symbol', Symbol('PlaceOrder')],
  ['the class itself', PlaceOrder],
  ['a plain object', { orderId: '7' }],
  ['an object without a prototype', Object.create(null)],
  ['an object with a field named constructor', { constructor: 'PlaceOrder' }],
  ['a message of no handler', new (class Unknown {})()],
];

describe.each(doors)('%s', (_door, open) => {
  it.each(notMessages)('rejects and does not throw for %s, and handles the next message', async (_what, message) => {
    const shop = await startShop();
    let sent: Promise<unknown> | undefined;
    expect(() => {
      sent = open(shop)(message as object);
      sent.catch(() => 'looked at below');
    }).not.toThrow();
    await expect(sent).rejects.toMatchObject({ code: 'DISPATCH_HANDLER_NOT_FOUND' });
    expect([await shop.dispatcher.execute(new PlaceOrder()), await shop.dispatcher.query(new GetOrder())]).toEqual([
      'placed',
      'order',
    ]);
  });
});

describe('the error about a missing handler', () => {
  it('names the message and what to add', async () => {
    const { dispatcher } = await start();
    const error = await rejectionOf(dispatcher.execute(new PlaceOrder()));
    expect(error).toMatchObject({ messageName: 'PlaceOrder', kind: 'command' });
    expect((error as Error).message).toContain('@CommandHandler(PlaceOrder)');
  });

  it('says so where a query was sent as a command', async () => {
    const { dispatcher } = await startShop();
    await expect(dispatcher.execute(new GetOrder() as object)).rejects.toThrow('it has a query handler');
    await expect(dispatcher.query(new PlaceOrder() as object)).rejects.toThrow('it has a command handler');
  });

  it('says so where a query without a handler was sent as a command, and the other way round', async () => {
    const { dispatcher } = await start();
    await expect(dispatcher.execute(new GetOrder() as object)).rejects.toThrow('@QueryHandler(GetOrder)');
    await expect(dispatcher.query(new PlaceOrder() as object)).rejects.toThrow('@CommandHandler(PlaceOrder)');
  });

  it('says so where an event was sent as a command', async () => {
    class OrderPlaced extends Event {}
    class StockTaken {}
    const { dispatcher } = await start({ providers: [eventHandler(StockTaken, () => undefined)] });
    await expect(dispatcher.execute(new OrderPlaced())).rejects.toThrow('it is an event');
    await expect(dispatcher.execute(new StockTaken())).rejects.toThrow('it is an event');
  });
});

describe('a handler that fails', () => {
  const failure = new RangeError('no stock');
  const rejecting = (thrown: unknown) => async () => {
    throw thrown;
  };
  const failing: [string, () => unknown, unknown][] = [
    [
      'by a synchronous throw',
      () => {
        throw failure;
      },
      failure,
    ],
    ['by a rejection', () => Promise.reject(failure), failure],
    ['with a text', rejecting('no stock'), 'no stock'],
    ['with undefined', rejecting(undefined), undefined],
    [
      'with null, synchronously',
      () => {
        const nothing: unknown = null;
        throw nothing;
      },
      null,
    ],
  ];

  it.each(failing)('rejects with what was thrown, unchanged: %s', async (_way, execute, thrown) => {
    const executions = [execute, () => 'placed'];
    const { dispatcher } = await start({ providers: [commandHandler(PlaceOrder, () => executions.shift()?.())] });
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder()))).toBe(thrown);
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
  });

  it('leaves no rejection behind that nobody sees', async () => {
    const { dispatcher } = await start({ providers: [commandHandler(PlaceOrder, () => Promise.reject(failure))] });
    await expect(dispatcher.execute(new PlaceOrder())).rejects.toBe(failure);
    // Jest fails the test for an unhandled rejection, which Node finds once the turn is over.
    await setImmediate();
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder()))).toBe(failure);
  });
});

describe('a handler that succeeds', () => {
  class ForeignPromise implements PromiseLike<string> {
    // oxlint-disable-next-line unicorn/no-thenable -- a promise that is none of Node's is what this is about
    readonly then = Promise.prototype.then.bind(Promise.resolve('foreign')) as PromiseLike<string>['then'];
  }

  it.each<[string, () => unknown, unknown]>([
    ['a value', () => 7, 7],
    ['nothing', () => undefined, undefined],
    ['a promise', async () => 'later', 'later'],
    ['a promise of another library', () => new ForeignPromise(), 'foreign'],
  ])('resolves with %s', async (_what, execute, result) => {
    const { dispatcher } = await start({ providers: [commandHandler(PlaceOrder, execute)] });
    expect(await dispatcher.execute(new PlaceOrder())).toBe(result);
  });

  it('has started before the call returns', async () => {
    const seen: string[] = [];
    const { dispatcher } = await start({ providers: [commandHandler(PlaceOrder, () => seen.push('started'))] });
    const answer = dispatcher.execute(new PlaceOrder());
    expect(seen).toEqual(['started']);
    await answer;
  });

  it('is the one for commands or for queries, where a class has both', async () => {
    class Order {}
    const { dispatcher }: { dispatcher: Dispatcher } = await start({
      providers: [commandHandler(Order, () => 'commanded'), queryHandler(Order, () => 'asked')],
    });
    expect([await dispatcher.execute(new Order()), await dispatcher.query(new Order())]).toEqual([
      'commanded',
      'asked',
    ]);
  });
});
