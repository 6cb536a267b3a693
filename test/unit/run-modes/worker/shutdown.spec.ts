import { describe, expect, it, jest } from '@jest/globals';
import {
  Command,
  CommandCompletedNotification,
  Event,
  inMemoryQueue,
  isDispatchError,
  ShutdownError,
  TaskCompletedNotification,
  TaskRejectedNotification,
  type Dispatcher,
  type HandlerContext,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';
import { commandHandler, eventHandler } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../fake-backend.js';
import { collect, startQueued, until } from '../queued-application.js';

class PlaceOrder extends Command<string> {}
class ReserveStock extends Command<string> {}
class OrderPlaced extends Event {}
class Unheard extends Event {}

/** Waits until an application that was told to close takes nothing more. */
function closing(dispatcher: Dispatcher): Promise<void> {
  // An event without a handler: it leaves nothing behind where it is accepted.
  return until('closing to begin', () =>
    dispatcher.publish(new Unheard()).then(
      () => false,
      (error: unknown) => isDispatchError(error, 'DISPATCH_CLOSED'),
    ),
  );
}

/** Works until its signal aborts, then fails with the reason. */
function untilAborted({ signal }: HandlerContext): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

describe('close() while a handler runs behind a queue', () => {
  it.each([false, true])('lets it finish, and keeps its result; observed: %s', async (isObserved) => {
    const gate = deferred();
    const started = deferred();
    const application = await startQueued({
      providers: [
        commandHandler(PlaceOrder, async () => {
          started.resolve();
          await gate.promise;
          return 'placed';
        }),
      ],
    });
    const { app, dispatcher } = application;
    const seen = isObserved ? collect(application, CommandCompletedNotification, TaskCompletedNotification) : [];
    const dropped = isObserved ? collect(application, TaskRejectedNotification) : [];
    const answer = dispatcher.execute(new PlaceOrder());
    await started.promise;
    const closed = app.close();
    await closing(dispatcher);
    gate.resolve();
    expect(await answer).toBe('placed');
    await closed;
    expect(seen).toHaveLength(isObserved ? 2 : 0);
    expect(dropped).toEqual([]);
  });

  it('hands the store the end of a handler that finishes in time', async () => {
    const gate = deferred();
    const backend = new FakeBackend();
    const handler = commandHandler(PlaceOrder, async () => {
      await gate.promise;
      return 'placed';
    });
    const application = await startQueued({ options: { queue: backend.factory }, providers: [handler] });
    collect(application, TaskCompletedNotification);
    await application.dispatcher.send(new PlaceOrder());
    const [entry] = backend.batches.flat();
    const settled = backend.deliver({ ...entry });
    const closed = application.app.close();
    await closing(application.dispatcher);
    gate.resolve();
    expect(await settled).toEqual({ action: 'complete', result: 'placed' });
    await closed;
  });

  it('hands out nothing more', async () => {
    const gate = deferred();
    const handled: string[] = [];
    const { app, dispatcher } = await startQueued({
      providers: [
        commandHandler(PlaceOrder, async (_command, { id }) => {
          handled.push(id);
          await gate.promise;
          return id;
        }),
      ],
    });
    const first = dispatcher.execute(new PlaceOrder(), { id: 'm1' });
    const second = rejectionOf(dispatcher.execute(new PlaceOrder(), { id: 'm2' }));
    await until('the first one to start', () => handled.length === 1);
    const closed = app.close();
    await closing(dispatcher);
    gate.resolve();
    await closed;
    expect(await first).toBe('m1');
    expect(await second).toMatchObject({ code: 'DISPATCH_REPLY_ABANDONED', messageName: 'PlaceOrder' });
    expect(handled).toEqual(['m1']);
  });

  it('accepts what it sends, which is there for the next process', async () => {
    const gate = deferred();
    const backend = new FakeBackend();
    const { app, dispatcher } = await startQueued({
      options: { queue: backend.factory },
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          await gate.promise;
          await context.publish(new OrderPlaced());
          await dispatcher.send(new ReserveStock());
          return 'placed';
        }),
        commandHandler(ReserveStock, () => 'reserved'),
        eventHandler(OrderPlaced, () => undefined),
      ],
    });
    await dispatcher.send(new PlaceOrder());
    const settled = backend.deliver({ ...backend.batches.flat()[0] });
    const closed = app.close();
    await closing(dispatcher);
    gate.resolve();
    expect(await settled).toMatchObject({ action: 'complete' });
    await closed;
    expect(backend.batches.flat().map(({ name }) => name)).toEqual(['PlaceOrder', 'OrderPlaced', 'ReserveStock']);
    await expect(dispatcher.send(new ReserveStock())).rejects.toMatchObject({ code: 'DISPATCH_CLOSED' });
  });
});

describe('close() after drainTimeoutMs', () => {
  it('aborts the signal of a handler behind a queue with a ShutdownError, and gives its message back', async () => {
    const backend = new FakeBackend();
    const reasons: unknown[] = [];
    const application = await startQueued({
      options: { queue: backend.factory, drainTimeoutMs: 20 },
      providers: [
        commandHandler(PlaceOrder, (_command, context) => {
          context.signal.addEventListener('abort', () => reasons.push(context.signal.reason), { once: true });
          return untilAborted(context);
        }),
      ],
    });
    await application.dispatcher.send(new PlaceOrder());
    const settled = backend.deliver({ ...backend.batches.flat()[0] });
    await application.app.close();
    expect(await settled).toEqual({ action: 'giveBack' });
    expect(reasons).toEqual([expect.any(ShutdownError)]);
  });

  it('gives the message back of a handler that ignores its signal, and waits no longer than a second more', async () => {
    const gate = deferred();
    const backend = new FakeBackend();
    const { app, dispatcher } = await startQueued({
      options: { queue: backend.factory, drainTimeoutMs: 20 },
      providers: [commandHandler(PlaceOrder, () => gate.promise)],
    });
    await dispatcher.send(new PlaceOrder());
    const settled = backend.deliver({ ...backend.batches.flat()[0] });
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    let isClosed = false;
    void app.close().then(() => (isClosed = true));
    await jest.advanceTimersByTimeAsync(1020);
    jest.useRealTimers();
    expect(isClosed).toBe(true);
    expect(await settled).toEqual({ action: 'giveBack' });
    gate.resolve();
  });

  it('tells the caller who still waits that the reply is not coming', async () => {
    const application = await startQueued({
      options: { drainTimeoutMs: 20 },
      providers: [commandHandler(PlaceOrder, (_command, context) => untilAborted(context))],
    });
    const answer = rejectionOf(application.dispatcher.execute(new PlaceOrder(), { id: 'm1' }));
    await until('it to start', async () => (await application.queues.counts('default')).active === 1);
    await application.app.close();
    expect(await answer).toMatchObject({ code: 'DISPATCH_REPLY_ABANDONED', receiptId: 'm1@default' });
  });
});

describe('close() of a process that works on no queue, while a caller waits for a reply', () => {
  async function startSender(drainTimeoutMs: number) {
    const backend = new FakeBackend();
    const options = { queue: backend.factory, role: 'send', drainTimeoutMs } as const;
    const { app, dispatcher } = await startQueued({ options, providers: [commandHandler(PlaceOrder, () => 'placed')] });
    const answer = dispatcher.execute(new PlaceOrder(), { id: 'm1' });
    const outcome = answer.catch((error: unknown) => error);
    await until('it to be stored', () => backend.batches.length === 1);
    return { app, dispatcher, outcome, host: backend.application };
  }

  it('waits for the reply', async () => {
    const { app, dispatcher, outcome, host } = await startSender(60_000);
    const closed = app.close();
    await closing(dispatcher);
    host.replied('m1', { status: 'completed', result: 'placed' });
    expect(await outcome).toBe('placed');
    await closed;
  });

  it('waits no longer than drainTimeoutMs, and tells the caller that no reply is coming', async () => {
    const { app, outcome } = await startSender(300);
    const startedAt = performance.now();
    await app.close();
    // Timers may be up to a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(299);
    expect(await outcome).toMatchObject({ code: 'DISPATCH_REPLY_ABANDONED', receiptId: 'm1@default' });
  });
});

describe('close() while a message waits in a queue that is only in memory', () => {
  it('drops it with a notification and a log line', async () => {
    const application = await startQueued({ providers: [commandHandler(PlaceOrder, () => 'placed')] });
    const rejected = collect(application, TaskRejectedNotification);
    await application.dispatcher.send(new PlaceOrder(), { id: 'm1', delayMs: 60_000 });
    await application.app.close();
    expect(rejected).toMatchObject([{ messageId: 'm1', queue: 'default', error: { code: 'DISPATCH_QUEUE_CLOSED' } }]);
    expect(application.log.lines).toEqual([
      expect.stringMatching(/^warn "PlaceOrder" was dropped unhandled: .*closed/),
    ]);
  });
});

describe('close() while a message waits for its next attempt', () => {
  it('does not wait for that attempt', async () => {
    const application = await startQueued({
      options: { queues: { defaults: { backoffMs: 60_000 } } },
      providers: [commandHandler(PlaceOrder, () => Promise.reject(new RangeError('broken')))],
    });
    await application.dispatcher.send(new PlaceOrder(), { key: 'a' });
    await until('its failure', () => application.log.lines.length === 1);
    const startedAt = performance.now();
    await application.app.close();
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it('gives a message with a key back with the attempts it has had', async () => {
    const backend = new FakeBackend();
    const { app, dispatcher, log } = await startQueued({
      options: { queue: backend.factory, queues: { defaults: { backoffMs: 60_000 } } },
      providers: [commandHandler(PlaceOrder, () => Promise.reject(new RangeError('broken')))],
    });
    await dispatcher.send(new PlaceOrder(), { key: 'a' });
    let attempt = 1;
    const countAttempt = () => Promise.resolve((attempt += 1));
    const settled = backend.deliver({ ...backend.batches.flat()[0], attempt, countAttempt });
    await until('its failure', () => log.lines.length === 1);
    await app.close();
    if ((await settled).action === 'giveBack') attempt -= 1;
    expect(attempt).toBe(1);
  });
});

describe('an application that has closed', () => {
  it('leaves no timer behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'Immediate');
    const before = timers().length;
    const { app, dispatcher, queues } = await startQueued({
      options: { queue: inMemoryQueue(), queues: { defaults: { backoffMs: 60_000 } } },
      providers: [
        commandHandler(PlaceOrder, () => Promise.reject(new RangeError('broken'))),
        commandHandler(ReserveStock, () => 'reserved'),
        eventHandler(OrderPlaced, () => undefined),
      ],
    });
    await dispatcher.execute(new ReserveStock());
    await dispatcher.send(new PlaceOrder());
    await dispatcher.send(new ReserveStock(), { delayMs: 60_000 });
    await dispatcher.schedule(new OrderPlaced(), { id: 'often', every: '1h' });
    await until('the failure', async () => (await queues.counts('default')).delayed === 2);
    await app.close();
    expect(timers()).toHaveLength(before);
  });
});
