import { describe, expect, it } from '@jest/globals';
import { Command, Event, inMemoryQueue, Message, Query, RunMode, type MessageClass } from 'nestjs-dispatch';

import { start } from '../application.js';
import { commandHandler, eventHandler, queryHandler } from '../handlers.js';

@Message('orders.place')
class PlaceOrder extends Command<string> {}
class GetOrder extends Query<string> {}
class OrderPlaced extends Event {}
class ShipOrder extends Command {}
class FindOrder extends Query {}
class Unheard extends Event {}

const DEFAULT = 'because of the default of DispatchModule.forRoot()';

async function startExplained() {
  const { dispatcher } = await start({
    options: {
      queue: inMemoryQueue(),
      queues: { each: { calls: {} } },
      routes: [
        { messages: [GetOrder, 'audit.*'], runMode: RunMode.Async },
        { messages: [ShipOrder, FindOrder, Unheard], queue: 'far' },
      ],
    },
    providers: [
      commandHandler(PlaceOrder, () => 'placed'),
      queryHandler(GetOrder, () => 'order'),
      eventHandler(OrderPlaced, () => undefined, { name: 'Mailer', queue: 'mail' }),
      eventHandler(OrderPlaced, () => undefined, { name: 'Ledger' }),
    ],
  });
  return (message: object, options?: object) => dispatcher.explain(message, options);
}

describe('explain()', () => {
  it('says where each kind of message goes, and why', async () => {
    const explain = await startExplained();
    expect(String(explain(PlaceOrder))).toBe(`command "orders.place":\n  PlaceOrderHandler: RunMode.Sync (${DEFAULT})`);
    expect(String(explain(new GetOrder()))).toBe(
      `query "GetOrder":\n  GetOrderHandler: RunMode.Async (because of routes[0] (GetOrder, 'audit.*')) through the queue "default" (${DEFAULT})`,
    );
    expect(String(explain(OrderPlaced))).toBe(
      [
        'event "OrderPlaced":',
        '  Mailer: RunMode.Async (because of the decorator of Mailer, which names a queue) through the queue "mail" (because of the decorator of Mailer)',
        `  Ledger: RunMode.Sync (${DEFAULT})`,
      ].join('\n'),
    );
  });

  it('takes what would be said at the call into account', async () => {
    const explain = await startExplained();
    expect(String(explain(PlaceOrder, { queue: 'calls' }))).toBe(
      'command "orders.place":\n  PlaceOrderHandler: RunMode.Async (because of the options of the call, which names a queue) through the queue "calls" (because of the options of the call)',
    );
    expect(explain(PlaceOrder, { runMode: RunMode.Async }).handlers).toEqual([
      {
        handler: 'PlaceOrderHandler',
        runMode: RunMode.Async,
        queue: 'default',
        runModeBecauseOf: 'the options of the call',
        queueBecauseOf: 'the default of DispatchModule.forRoot()',
      },
    ]);
  });

  it.each<[MessageClass, string]>([
    [ShipOrder, 'command "ShipOrder"'],
    [FindOrder, 'query "FindOrder"'],
    [Unheard, 'event "Unheard"'],
  ])('knows a message that is handled elsewhere: %p', async (type, expected) => {
    const explain = await startExplained();
    expect(String(explain(type))).toBe(
      `${expected}:\n  (elsewhere): RunMode.Async (because of routes[1] (ShipOrder, FindOrder, Unheard), which names a queue) through the queue "far" (because of routes[1] (ShipOrder, FindOrder, Unheard))`,
    );
  });

  it('says that nobody handles a message', async () => {
    class Nothing extends Command {}
    const explain = await startExplained();
    expect(String(explain(new Nothing()))).toBe('command "Nothing": nobody handles it');
    expect(explain(Nothing).handlers).toEqual([]);
  });
});
