import { describe, expect, it } from '@jest/globals';
import {
  Command,
  Event,
  LockLostError,
  Message,
  RunMode,
  TaskFailedNotification,
  UnhandledExceptionBus,
  type HandlerOptions,
  type ParkingPlace,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { commandHandler, eventHandler } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../fake-backend.js';
import { collect, startQueued, until } from '../queued-application.js';

@Message('orders.place', { version: 2 })
class PlaceOrder extends Command<string> {
  constructor(readonly count = 1) {
    super();
  }
}
class OrderPlaced extends Event {}

/** What stands in a store for the command, as this release writes it. */
const DATA = {
  format: 1,
  kind: 'command',
  name: 'orders.place',
  version: 2,
  headers: {},
  payload: { count: 1 },
} as const;

/** Refuses a count below 0. */
const schema: NonNullable<HandlerOptions['schema']> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const isRight = (value as PlaceOrder).count >= 0;
      return isRight ? { value } : { issues: [{ message: 'is negative', path: ['count'] }] };
    },
  },
};

async function startOn(backend: FakeBackend) {
  return startQueued({
    options: { queue: backend.factory, maxPayloadBytes: 1000, maxDepth: 5 },
    providers: [
      commandHandler(PlaceOrder, ({ count }) => `placed ${count}`, { schema }),
      eventHandler(OrderPlaced, () => undefined, { name: 'Mailer' }),
    ],
  });
}

describe('an entry that cannot be handled', () => {
  it.each<[ParkingPlace, string, unknown, string, string]>([
    ['unreadable', 'no object', 'hello', 'DISPATCH_UNREADABLE_ENTRY', 'its data is no object'],
    ['unreadable', 'null', null, 'DISPATCH_UNREADABLE_ENTRY', 'its data is no object'],
    ['unreadable', 'of another format', { ...DATA, format: 3 }, 'DISPATCH_UNREADABLE_ENTRY', 'has the format 3, not 1'],
    ['unreadable', 'a job of a stranger', { orderId: 7 }, 'DISPATCH_UNREADABLE_ENTRY', 'has the format undefined'],
    ['unreadable', 'without a name', { ...DATA, name: 7 }, 'DISPATCH_UNREADABLE_ENTRY', 'names no message'],
    ['unreadable', 'of no kind', { ...DATA, kind: 'task' }, 'DISPATCH_UNREADABLE_ENTRY', 'names no message'],
    [
      'unreadable',
      'with headers that are no texts',
      { ...DATA, headers: { a: 1 } },
      'DISPATCH_UNREADABLE_ENTRY',
      'its headers',
    ],
    ['unreadable', 'larger than allowed', { ...DATA, payload: 'x'.repeat(1000) }, 'DISPATCH_MESSAGE_TOO_LARGE', '1000'],
    ['unreadable', 'nested too deep', { ...DATA, payload: [[[[[[]]]]]] }, 'DISPATCH_UNREADABLE_MESSAGE', 'deep'],
    [
      'unreadable',
      'with a key that pollutes',
      { ...DATA, payload: JSON.parse('{"__proto__":{}}') },
      'DISPATCH_UNREADABLE_MESSAGE',
      '__proto__',
    ],
    ['unreadable', 'with a payload of no class', { ...DATA, payload: 7 }, 'DISPATCH_UNREADABLE_MESSAGE', ''],
    [
      'unhandled',
      'of an unknown name',
      { ...DATA, name: 'orders.drop' },
      'DISPATCH_UNHANDLED_ENTRY',
      '"orders.drop" version 2',
    ],
    [
      'unhandled',
      'of an unknown version',
      { ...DATA, version: 3 },
      'DISPATCH_UNHANDLED_ENTRY',
      '"orders.place" version 3',
    ],
    ['unhandled', 'of another kind', { ...DATA, kind: 'query' }, 'DISPATCH_UNHANDLED_ENTRY', 'handles it as a query'],
    [
      'unhandled',
      'for a handler that is gone',
      { ...DATA, kind: 'event', name: 'OrderPlaced', version: 1, handler: 'Ledger' },
      'DISPATCH_UNHANDLED_ENTRY',
      'its handler Ledger is not in this process',
    ],
    [
      'invalid',
      'that breaks the rules of its class',
      { ...DATA, payload: { count: -1 } },
      'DISPATCH_INVALID_MESSAGE',
      'is negative',
    ],
  ])(
    'is parked as %s without another attempt, and the next one is handled: %s',
    async (place, _what, data, code, text) => {
      const backend = new FakeBackend();
      const application = await startOn(backend);
      const failures = collect(application, TaskFailedNotification);
      const settlement = await backend.deliver({ id: 'm1', name: 'orders.place', data });
      expect(settlement).toMatchObject({ action: 'park', place, error: { code } });
      expect(settlement).toMatchObject({ error: { message: expect.stringContaining(text) } });
      await until('the notification', () => failures.length === 1);
      expect(failures).toMatchObject([
        {
          messageName: 'orders.place',
          receiptId: 'm1@default',
          queue: 'default',
          place,
          attempt: 1,
          error: { code },
        },
      ]);
      expect(application.log.lines).toEqual([
        expect.stringMatching(`^error "orders.place" \\(m1\\) of the queue "default" is parked as ${place} after 1`),
      ]);
      expect(await backend.deliver({ data: DATA })).toEqual({ action: 'complete', result: 'placed 1' });
    },
  );

  it.each<[string, unknown, string | undefined, string | undefined]>([
    ['whom it was for', { ...DATA, version: 3, id: 'o7', handler: 'Ledger' }, 'o7', 'Ledger'],
    ['the same of a payload that breaks the limits', { ...DATA, id: 'o7', handler: 'A', payload: 7 }, 'o7', 'A'],
    ['the entry, where a schedule has made the message', { ...DATA, version: 3 }, 'm1@#:1', undefined],
    ['whose rules it breaks', { ...DATA, id: 'o7', payload: { count: -1 } }, 'o7', 'PlaceOrderHandler'],
    ['nothing of what a stranger wrote', { id: 'o7', handler: 'Ledger' }, undefined, undefined],
    ['nothing of what is not there', null, undefined, undefined],
  ])('is told with what is known of it: %s', async (_what, data, messageId, handler) => {
    const backend = new FakeBackend();
    const failures = collect(await startOn(backend), TaskFailedNotification);
    await backend.deliver({ id: 'm1@#:1', name: 'orders.place', data, place: 'default~1' });
    await until('the notification', () => failures.length === 1);
    const [told] = failures;
    expect([told?.messageId, told?.handler, told?.receiptId]).toEqual([messageId, handler, 'm1@#:1@default~1']);
  });

  it('is parked once where it is an event for all its handlers, and cannot be read', async () => {
    const backend = new FakeBackend();
    await startOn(backend);
    const data = { ...DATA, kind: 'event', name: 'OrderPlaced', version: 1, payload: 7 };
    expect(await backend.deliver({ data })).toMatchObject({ action: 'park', place: 'unreadable' });
    expect(backend.batches).toEqual([]);
  });

  it('is parked as failed where its handler sent another message that is invalid', async () => {
    class Outer extends Command {}
    const { dispatcher, queues } = await startQueued({
      options: { queues: { defaults: { maxAttempts: 2 } } },
      providers: [
        commandHandler(PlaceOrder, () => 'placed', { schema, runMode: RunMode.Sync }),
        commandHandler(Outer, (_command, context) => context.execute(new PlaceOrder(-1))),
      ],
    });
    expect(await rejectionOf(dispatcher.execute(new Outer()))).toMatchObject({ code: 'DISPATCH_INVALID_MESSAGE' });
    expect((await queues.counts('default')).parked).toMatchObject({ failed: 1 });
  });
});

describe('a failed message', () => {
  it('is told with the error as it was thrown, to observers and to the stream of failures', async () => {
    const failure = new RangeError('broken');
    const application = await startQueued({
      options: { queues: { defaults: { maxAttempts: 2 } } },
      providers: [commandHandler(PlaceOrder, () => Promise.reject(failure))],
    });
    const failures = collect(application, TaskFailedNotification);
    const unhandled: unknown[] = [];
    application.app.get(UnhandledExceptionBus).subscribe((info) => unhandled.push(info));
    await application.dispatcher.send(new PlaceOrder(), { id: 'm1' });
    await until('the notification', () => failures.length === 1);
    expect(failures).toMatchObject([{ receiptId: 'm1@default', place: 'failed', attempt: 2 }]);
    expect(failures[0]?.error).toBe(failure);
    expect(unhandled).toEqual([{ exception: failure, cause: new PlaceOrder() }]);
  });

  it('is not parked where the store has given it to another worker meanwhile', async () => {
    const backend = new FakeBackend();
    const { log } = await startQueued({
      options: { queue: backend.factory },
      providers: [commandHandler(PlaceOrder, (_command, { signal }) => Promise.reject(signal.reason as Error))],
    });
    const settlement = await backend.deliver({
      id: 'm1',
      data: DATA,
      attempt: 4,
      onAbort: (listener) => listener(new LockLostError('default', 'm1')),
    });
    expect(settlement).toEqual({ action: 'giveBack' });
    expect(log.lines).toEqual([]);
  });

  it('is given back where the store fails while its further attempt is counted, and nothing is decided', async () => {
    const backend = new FakeBackend();
    const { app, log } = await startQueued({
      options: { queue: backend.factory },
      providers: [commandHandler(PlaceOrder, () => Promise.reject(new RangeError('broken')))],
    });
    const countAttempt = () => Promise.reject(new Error('connection lost'));
    const settled = backend.deliver({ data: DATA, key: 'a', countAttempt });
    await until('both log lines', () => log.lines.length === 2);
    expect(log.lines[1]).toBe('error A message of the queue "default" is given back: connection lost');
    await app.close();
    expect(await settled).toEqual({ action: 'giveBack' });
  });
});
