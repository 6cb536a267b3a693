import { describe, expect, it } from '@jest/globals';
import {
  Event,
  EventHandledNotification,
  EventHandlingFailedNotification,
  EventPublishedNotification,
  inMemoryQueue,
  QueueUnavailableError,
  RunMode,
  UnhandledExceptionBus,
  type EventsHandlerOptions,
} from 'nestjs-dispatch';

import { FakeBackend } from '../../run-modes/fake-backend.js';
import { collect, startQueued, until } from '../../run-modes/queued-application.js';
import { rejectionOf, start } from '../application.js';
import { deferred } from '../deferred.js';
import { eventHandler } from '../handlers.js';

class OrderPlaced extends Event {
  constructor(readonly at = new Date(0)) {
    super();
  }
}
class RushOrderPlaced extends OrderPlaced {}

/** A listener that fails as often as it is told. */
function listener(
  name: string,
  seen: string[],
  { failures = 0, ...options }: EventsHandlerOptions & { readonly failures?: number } = {},
) {
  return eventHandler(
    OrderPlaced,
    ({ at }, { attempt, queue }) => {
      seen.push(`${name}/${attempt} ${queue} ${at.getTime()}`);
      if (attempt <= failures) throw new RangeError(`${name} broke`);
    },
    { name, ...options },
  );
}

describe('an event whose handlers run behind queues', () => {
  it('is one entry for each of them, with the receipts of its own', async () => {
    const backend = new FakeBackend();
    const { dispatcher } = await startQueued({
      options: { queue: backend.factory },
      providers: [listener('Mailer', [], { queue: 'mail', priority: 'low' }), listener('Ledger', [])],
    });
    await dispatcher.publish(new OrderPlaced(), { id: 'e1' });
    expect(backend.batches.flat()).toMatchObject([
      { id: 'e1.Mailer', name: 'OrderPlaced', priority: 1000, data: { id: 'e1', handler: 'Mailer' } },
      { id: 'e1.Ledger', name: 'OrderPlaced', priority: 100, data: { id: 'e1', handler: 'Ledger' } },
    ]);
  });

  it('is tried again at the one that failed, and not at the others', async () => {
    const seen: string[] = [];
    const { dispatcher } = await startQueued({
      providers: [listener('Mailer', seen, { failures: 2 }), listener('Ledger', seen), listener('Stock', seen)],
    });
    await dispatcher.publishAndWait(new OrderPlaced(new Date(7)));
    expect(seen.toSorted()).toEqual(
      ['Ledger/1', 'Mailer/1', 'Mailer/2', 'Mailer/3', 'Stock/1'].map((attempt) => `${attempt} default 7`),
    );
  });

  it('is accepted as soon as every queue has it', async () => {
    const gate = deferred();
    const seen: string[] = [];
    const { dispatcher, queues } = await startQueued({
      providers: [eventHandler(OrderPlaced, () => gate.promise.then(() => seen.push('handled')))],
    });
    await dispatcher.publish(new OrderPlaced());
    expect(seen).toEqual([]);
    gate.resolve();
    expect(await queues.drain('default')).toBe(true);
    expect(seen).toEqual(['handled']);
  });

  it('is started at the handlers in the turn of the publisher first', async () => {
    const seen: string[] = [];
    const { dispatcher } = await startQueued({
      providers: [listener('Mailer', seen), listener('Audit', seen, { runMode: RunMode.Sync })],
    });
    const published = dispatcher.publish(new OrderPlaced());
    expect(seen).toEqual(['Audit/1 undefined 0']);
    await published;
    await until('the other one', () => seen.length === 2);
  });

  it('rejects publish() where one queue did not take it, reports that, and the others have it', async () => {
    const seen: string[] = [];
    const backend = new FakeBackend();
    const lost = new QueueUnavailableError('sending', 'Redis at redis:6379');
    backend.onEnqueue = ({ id }, queue) =>
      id.endsWith('Mailer') ? Promise.reject(lost) : Promise.resolve({ status: 'stored', place: queue });
    const { app, dispatcher, log } = await startQueued({
      options: { queue: backend.factory },
      providers: [
        listener('Mailer', seen),
        listener('Ledger', seen),
        listener('Audit', seen, { runMode: RunMode.Sync }),
      ],
    });
    const failures: unknown[] = [];
    app.get(UnhandledExceptionBus).subscribe(({ exception }) => failures.push(exception));
    const error = await rejectionOf(dispatcher.publish(new OrderPlaced(), { id: 'e1' }));
    expect(error).toMatchObject({
      code: 'DISPATCH_QUEUE_UNAVAILABLE',
      message: expect.stringContaining('(e1.Mailer)'),
    });
    expect(failures).toEqual([error]);
    expect(log.lines).toEqual([
      expect.stringMatching(/^error The event OrderPlaced was not published: Redis at redis/),
    ]);
    expect(backend.batches.flat()).toHaveLength(2);
    expect(seen).toEqual(['Audit/1 undefined 0']);
  });

  it('rejects publish() with one error that has them all, where several queues did not take it', async () => {
    const backend = new FakeBackend();
    backend.onEnqueue = () => Promise.reject(new QueueUnavailableError('sending', 'Redis at redis:6379'));
    const { dispatcher } = await startQueued({
      options: { queue: backend.factory },
      providers: [listener('Mailer', []), listener('Ledger', [])],
    });
    const error = await rejectionOf(dispatcher.publish(new OrderPlaced()));
    expect(error).toMatchObject({ code: 'DISPATCH_EVENT_HANDLING', errors: [{}, {}] });
    expect(await rejectionOf(dispatcher.publishAndWait(new OrderPlaced()))).toMatchObject({ errors: [{}, {}] });
  });

  it('needs the option "messages" where only a handler of its base class takes it', async () => {
    const seen: string[] = [];
    const providers = [listener('Mailer', seen, { polymorphic: true })];
    const bare = await startQueued({ providers });
    expect(await rejectionOf(bare.dispatcher.publish(new RushOrderPlaced()))).toMatchObject({
      code: 'DISPATCH_INVALID_SEND_OPTIONS',
      problem: expect.stringContaining('add the class to the option "messages" of DispatchModule'),
    });
    const named = await startQueued({ options: { messages: [RushOrderPlaced] }, providers });
    await named.dispatcher.publishAndWait(new RushOrderPlaced(new Date(5)));
    expect(seen).toEqual(['Mailer/1 default 5']);
  });
});

describe('publishAndWait()', () => {
  it('waits for the handlers here and behind queues', async () => {
    const seen: string[] = [];
    const { dispatcher } = await startQueued({
      providers: [
        listener('Mailer', seen, { failures: 1 }),
        eventHandler(
          OrderPlaced,
          async () => {
            await Promise.resolve();
            seen.push('Audit');
          },
          { name: 'Audit', runMode: RunMode.Sync },
        ),
      ],
    });
    await dispatcher.publishAndWait(new OrderPlaced());
    expect(seen.toSorted()).toEqual(['Audit', 'Mailer/1 default 0', 'Mailer/2 default 0']);
  });

  it('rejects with an AggregateError that names each handler that failed, wherever it ran', async () => {
    const { dispatcher } = await startQueued({
      options: { queues: { defaults: { maxAttempts: 2 } } },
      providers: [
        listener('Mailer', [], { failures: 9 }),
        listener('Ledger', []),
        listener('Audit', [], { failures: 9, runMode: RunMode.Sync }),
      ],
    });
    const error = await rejectionOf(dispatcher.publishAndWait(new OrderPlaced(), { id: 'e1' }));
    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({
      code: 'DISPATCH_EVENT_HANDLING',
      errors: [
        { code: 'DISPATCH_EVENT_HANDLER_FAILED', handlerName: 'Audit', messageId: 'e1', cause: { name: 'RangeError' } },
        {
          code: 'DISPATCH_EVENT_HANDLER_FAILED',
          handlerName: 'Mailer',
          cause: { name: 'RangeError', message: 'Mailer broke' },
        },
      ],
    });
    expect((error as Error).message).toMatch(
      /^2 of 3 reactions to "OrderPlaced" failed: Audit failed.*; Mailer failed/,
    );
  });

  it('can send all handlers to one queue, or run all here, by an option of the call', async () => {
    const seen: string[] = [];
    const { dispatcher } = await start({
      options: { queue: inMemoryQueue(), queues: { each: { bulk: {} } } },
      providers: [listener('Mailer', seen, { queue: 'mail' }), listener('Ledger', seen)],
    });
    await dispatcher.publishAndWait(new OrderPlaced(), { queue: 'bulk' });
    await dispatcher.publishAndWait(new OrderPlaced(), { runMode: RunMode.Sync });
    const [bulk, here] = [seen.slice(0, 2).toSorted(), seen.slice(2).toSorted()];
    expect(bulk).toEqual(['Ledger/1 bulk 0', 'Mailer/1 bulk 0']);
    expect(here).toEqual(['Ledger/1 undefined 0', 'Mailer/1 undefined 0']);
  });
});

describe('the notifications of an event behind a queue', () => {
  it('are published once with the number of all handlers, and how each of them ended', async () => {
    const application = await startQueued({
      options: { queues: { defaults: { maxAttempts: 1 } } },
      providers: [
        listener('Mailer', []),
        listener('Ledger', [], { failures: 1 }),
        listener('Audit', [], { runMode: RunMode.Sync }),
      ],
    });
    const published = collect(application, EventPublishedNotification);
    const handled = collect(application, EventHandledNotification);
    const failed = collect(application, EventHandlingFailedNotification);
    await application.dispatcher.publish(new OrderPlaced());
    await until('the ends', () => handled.length === 2 && failed.length === 1);
    expect(published).toMatchObject([{ handlerCount: 3 }]);
    expect(handled.map(({ context }) => context.handler.name).toSorted()).toEqual(['Audit', 'Mailer']);
    expect(failed).toMatchObject([{ context: { handler: { name: 'Ledger' } }, error: { message: 'Ledger broke' } }]);
  });
});
