import { describe, expect, it } from '@jest/globals';
import {
  Command,
  Event,
  inMemoryQueue,
  Message,
  Queues,
  RunMode,
  type HandlerOptions,
  type RouteRule,
  type SendOptions,
} from 'nestjs-dispatch';

import { rejectionOf, start } from '../application.js';
import { commandHandler } from '../handlers.js';

@Message('billing.charge')
class Charge extends Command<string> {}
class ChargeCard extends Charge {}
class OrderPlaced extends Event {}

const QUEUES = { default: 'main', each: { bulk: {}, orders: {}, calls: {} } };

/** Where the handler has run: `Sync`, or the queue. */
async function placeOf(levels: {
  module?: RunMode;
  handler?: HandlerOptions;
  routes?: readonly RouteRule[];
  call?: SendOptions;
}): Promise<string> {
  const { module: runMode = RunMode.Sync, handler, routes = [], call } = levels;
  const { dispatcher } = await start({
    options: { runMode, routes, queue: inMemoryQueue(), queues: QUEUES },
    providers: [commandHandler(Charge, (_command, context) => context.queue ?? 'Sync', handler)],
  });
  const explained = dispatcher.explain(Charge, call).handlers[0];
  const place: string = await dispatcher.execute(new Charge(), call);
  expect(explained?.queue ?? 'Sync').toBe(place);
  return place;
}

const [Sync, Async] = [RunMode.Sync, RunMode.Async];
const charge = { messages: [Charge] };

describe('run mode and queue of a message', () => {
  it.each<[string, string, Parameters<typeof placeOf>[0]]>([
    ['the module, by default in the turn of the caller', 'Sync', {}],
    ['the module', 'main', { module: Async }],
    ['the decorator before the module', 'Sync', { module: Async, handler: { runMode: Sync } }],
    ['the decorator before the module', 'main', { handler: { runMode: Async } }],
    ['the decorator, by a queue alone', 'orders', { handler: { queue: 'orders' } }],
    ['the decorator, whose queue waits to be used', 'Sync', { handler: { queue: 'orders', runMode: Sync } }],
    ['a rule before the decorator', 'Sync', { handler: { queue: 'orders' }, routes: [{ ...charge, runMode: Sync }] }],
    ['a rule before the decorator', 'bulk', { handler: { runMode: Sync }, routes: [{ ...charge, queue: 'bulk' }] }],
    [
      'a rule, with the queue of the decorator',
      'orders',
      { handler: { queue: 'orders' }, routes: [{ ...charge, runMode: Async }] },
    ],
    [
      'a rule about the priority only, which decides neither',
      'orders',
      { handler: { queue: 'orders' }, routes: [{ ...charge, priority: 'low' }] },
    ],
    [
      'the first rule that fits',
      'bulk',
      {
        routes: [
          { messages: [OrderPlaced], queue: 'orders' },
          { ...charge, queue: 'bulk' },
          { ...charge, runMode: Sync },
        ],
      },
    ],
    ['a rule by name', 'bulk', { routes: [{ messages: ['billing.charge'], queue: 'bulk' }] }],
    ['a rule by a pattern', 'bulk', { routes: [{ messages: ['orders.#', 'billing.*'], queue: 'bulk' }] }],
    ['the call before a rule', 'Sync', { routes: [{ ...charge, queue: 'bulk' }], call: { runMode: Sync } }],
    ['the call before a rule', 'calls', { routes: [{ ...charge, queue: 'bulk' }], call: { queue: 'calls' } }],
    [
      'the call, with the queue of the rule',
      'bulk',
      { routes: [{ ...charge, queue: 'bulk' }], call: { runMode: Async } },
    ],
    ['the call, whose queue is left alone where it says so', 'Sync', { call: { queue: 'calls', runMode: Sync } }],
    [
      'nothing at the call, where that is undefined',
      'bulk',
      { routes: [{ ...charge, queue: 'bulk' }], call: { runMode: undefined, queue: undefined } as never },
    ],
  ])('are decided by %s: %s', async (_level, expected, levels) => {
    expect(await placeOf(levels)).toBe(expected);
  });

  it('are those of a base class where a rule names that', async () => {
    const { dispatcher } = await start({
      options: { queue: inMemoryQueue(), routes: [{ messages: [Charge], queue: 'bulk' }] },
      providers: [commandHandler(ChargeCard, (_command, context) => context.queue)],
    });
    expect(await dispatcher.execute(new ChargeCard())).toBe('bulk');
  });

  it('cannot be a queue at the call where there is none in the application', async () => {
    const { dispatcher } = await start({ providers: [commandHandler(Charge, () => 'charged')] });
    for (const call of [{ runMode: Async }, { queue: 'orders' }]) {
      const refused = await rejectionOf(dispatcher.execute(new Charge(), call));
      expect(refused).toMatchObject({ code: 'DISPATCH_NO_QUEUE', messageName: 'Charge' });
    }
    expect(await rejectionOf(dispatcher.send(new Charge()))).toMatchObject({ code: 'DISPATCH_NO_QUEUE' });
    expect(await dispatcher.execute(new Charge())).toBe('charged');
  });

  it('cannot be a queue that the application does not know', async () => {
    const { dispatcher } = await start({
      options: { queue: inMemoryQueue(), queues: QUEUES },
      providers: [commandHandler(Charge, () => 'charged')],
    });
    const refused = await rejectionOf(dispatcher.execute(new Charge(), { queue: 'oders' }));
    expect(refused).toMatchObject({ code: 'DISPATCH_INVALID_SEND_OPTIONS' });
    expect((refused as Error).message).toBe(
      '"billing.charge" was not sent: there is no queue "oders": there are bulk, orders, calls, main. Name it in "queues.each" of DispatchModule, or add it with queues.ensure().',
    );
  });
});

describe('the priority of a message in its queue', () => {
  it.each<[string, HandlerOptions | undefined, readonly RouteRule[], SendOptions | undefined, string]>([
    ['normal where nobody says it', undefined, [], undefined, 'normal first'],
    ['that of its handler', { priority: 'high' }, [], undefined, 'charge first'],
    ['that of a rule before it', { priority: 'high' }, [{ ...charge, priority: 'low' }], undefined, 'normal first'],
    [
      'that of the call before all',
      { priority: 'low' },
      [{ ...charge, priority: 'low' }],
      { priority: 1 },
      'charge first',
    ],
  ])('is %s', async (_what, handler, routes, call, expected) => {
    class Normal extends Command {}
    const order: string[] = [];
    const { app, dispatcher } = await start({
      options: { runMode: Async, queue: inMemoryQueue(), routes },
      providers: [
        commandHandler(Charge, () => order.push('charge'), handler),
        commandHandler(Normal, () => order.push('normal')),
      ],
    });
    const queues = app.get(Queues);
    await queues.pause('default');
    await Promise.all([dispatcher.send(new Normal()), dispatcher.send(new Charge(), call)]);
    await queues.resume('default');
    await queues.drain('default');
    expect(`${order[0]} first`).toBe(expected);
  });
});
