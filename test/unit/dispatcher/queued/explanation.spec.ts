import { describe, expect, it } from '@jest/globals';
import {
  Command,
  deadLetter,
  discard,
  Event,
  inMemoryQueue,
  Message,
  OnError,
  Query,
  retry,
  RunMode,
  type MessageClass,
} from 'nestjs-dispatch';

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

/** What decides about failures where no rule is written, each line as the log has it. */
const BUILT_IN = [
  'built in: on(RetryLaterError) schedule its delayMs, until the default gives up',
  'built in: on(UnrecoverableError) dead letter',
];
const IN_TURN = [...BUILT_IN, 'default: the error goes to the caller; of an event it is reported'];
const QUEUED = [
  ...BUILT_IN,
  'default: schedule 1000 ms, doubled each time up to 300000 ms, dead letter at attempt 4 (bounded jitter)',
];
const asLines = (rules: readonly string[]) => rules.map((rule) => `\n    where it fails: ${rule}`).join('');

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
    expect(String(explain(PlaceOrder))).toBe(
      `command "orders.place":\n  PlaceOrderHandler: RunMode.Sync (${DEFAULT})${asLines(IN_TURN)}`,
    );
    expect(String(explain(new GetOrder()))).toBe(
      `query "GetOrder":\n  GetOrderHandler: RunMode.Async (because of routes[0] (GetOrder, 'audit.*')) through the queue "default" (${DEFAULT})${asLines(QUEUED)}`,
    );
    expect(String(explain(OrderPlaced))).toBe(
      [
        'event "OrderPlaced":',
        `  Mailer: RunMode.Async (because of the decorator of Mailer, which names a queue) through the queue "mail" (because of the decorator of Mailer)${asLines(QUEUED)}`,
        `  Ledger: RunMode.Sync (${DEFAULT})${asLines(IN_TURN)}`,
      ].join('\n'),
    );
  });

  it('takes what would be said at the call into account', async () => {
    const explain = await startExplained();
    expect(String(explain(PlaceOrder, { queue: 'calls' }))).toBe(
      `command "orders.place":\n  PlaceOrderHandler: RunMode.Async (because of the options of the call, which names a queue) through the queue "calls" (because of the options of the call)${asLines(QUEUED)}`,
    );
    expect(explain(PlaceOrder, { runMode: RunMode.Async }).handlers).toEqual([
      {
        handler: 'PlaceOrderHandler',
        runMode: RunMode.Async,
        queue: 'default',
        runModeBecauseOf: 'the options of the call',
        queueBecauseOf: 'the default of DispatchModule.forRoot()',
        failures: QUEUED,
      },
    ]);
  });

  it('lists what decides about failures of each handler, in the order in which it is asked, with the numbers of its queue', async () => {
    @OnError(RangeError, deadLetter('late'))
    class OrderLost extends Event {}
    const mailer = eventHandler(OrderLost, () => undefined, { name: 'Mailer', queue: 'mail' });
    OnError(TypeError, discard('no address'))(mailer);
    OnError(RangeError, retry('1s', '5s'))(mailer);
    const { dispatcher } = await start({
      options: {
        queue: inMemoryQueue(),
        queues: { each: { mail: { maxAttempts: 2, backoffMs: 5, maxBackoffMs: 50 } } },
        failures: (on) => [on.any().requeue(2)],
        failurePolicy: (_failure, next) => next(),
      },
      providers: [mailer, eventHandler(OrderLost, () => undefined, { name: 'Ledger' })],
    });
    const first = 'policy function: decides first, and may ask what follows';
    const common = [
      'message: on(RangeError) dead letter at late',
      ...BUILT_IN,
      'module: on.any() requeue 2 times, then dead letter',
    ];
    expect(dispatcher.explain(OrderLost).handlers.map(({ handler, failures }) => [handler, failures])).toEqual([
      [
        'Mailer',
        [
          first,
          'handler: on(RangeError) retry 1s, 5s, then dead letter',
          'handler: on(TypeError) discard (no address)',
          ...common,
          'default: schedule 5 ms, doubled each time up to 50 ms, dead letter at attempt 2 (bounded jitter)',
        ],
      ],
      ['Ledger', [first, ...common, 'default: the error goes to the caller; of an event it is reported']],
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
