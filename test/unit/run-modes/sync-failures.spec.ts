import { setImmediate } from 'node:timers/promises';

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  AmbientContext,
  Command,
  DispatchError,
  Event,
  EventHandledNotification,
  OnError,
  Query,
  retry,
  UnhandledExceptionBus,
  type DefineFailures,
  type DispatchOptions,
  type HandlerOptions,
} from 'nestjs-dispatch';

import { rejectionOf, start } from '../dispatcher/application.js';
import { commandHandler, eventHandler, queryHandler } from '../dispatcher/handlers.js';
import { collect, until } from './queued-application.js';

class PlaceOrder extends Command<string> {}
class GetOrder extends Query<string> {}
class OrderPlaced extends Event {}
class OrderHeard extends Event {}

/** Fails so many times, and notes each attempt. */
function failing(failureCount: number, attempts: number[] = []) {
  return (_message: object, { attempt }: { readonly attempt: number }): string => {
    attempts.push(attempt);
    if (attempt <= failureCount) throw new RangeError(`failed at ${attempt}`);
    return `done at ${attempt}`;
  };
}

/** An application whose handlers wait an hour before their second attempt, and what ends it. */
async function startWaiting(options: DispatchOptions = {}) {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
  const attempts: number[] = [];
  const work = failing(1, attempts);
  const application = await start({
    options: { failures: (on) => [on(RangeError).retry('1h')], ...options },
    providers: [
      commandHandler(PlaceOrder, work),
      eventHandler(OrderPlaced, work),
      eventHandler(OrderHeard, () => undefined),
    ],
  });
  return { ...application, attempts };
}

/** Whether a promise is settled by the end of the turn. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  await setImmediate();
  await setImmediate();
  return settled;
}

const HOUR_MS = 3_600_000;

afterEach(() => {
  jest.useRealTimers();
});

describe("a handler that is tried again in the caller's turn", () => {
  const failures: DefineFailures = (on) => [on(RangeError).retry('0ms', '0ms')];

  it('sees the number of its attempt in its context, and in the ambient one, of one message', async () => {
    const seen: unknown[] = [];
    const readers: AmbientContext[] = [];
    const handler = commandHandler(PlaceOrder, (command, context) => {
      seen.push([context.attempt, readers[0]?.current?.attempt, context.id, context.message === command]);
      if (context.attempt < 3) throw new RangeError('not yet');
      return 'placed';
    });
    const { app, dispatcher } = await start({ options: { failures }, providers: [handler] });
    readers.push(await app.resolve(AmbientContext));
    expect(await dispatcher.execute(new PlaceOrder(), { id: 'm1' })).toBe('placed');
    expect(seen).toEqual([1, 2, 3].map((attempt) => [attempt, attempt, 'm1', true]));
  });

  it('is logged with each failure that is not the last', async () => {
    const { dispatcher, log } = await start({
      options: { failures },
      providers: [commandHandler(PlaceOrder, failing(9))],
    });
    const error = await rejectionOf(dispatcher.execute(new PlaceOrder()));
    expect(error).toMatchObject({ message: 'failed at 3' });
    expect(log.lines).toEqual(
      [1, 2].map((attempt) =>
        expect.stringMatching(
          `^warn PlaceOrderHandler failed at "PlaceOrder" .*attempt ${attempt}; again in 0 ms: failed at ${attempt}`,
        ),
      ),
    );
  });

  it('is tried again where it rejects later, and where it answers a query', async () => {
    const attempts: number[] = [];
    const work = failing(2, attempts);
    const later = queryHandler(GetOrder, async (query, context) => {
      await setImmediate();
      return work(query, context);
    });
    const { dispatcher } = await start({ options: { failures }, providers: [later] });
    expect(await dispatcher.query(new GetOrder())).toBe('done at 3');
    expect(attempts).toEqual([1, 2, 3]);
  });

  it('is tried again for an event whose publisher waits, without those that have handled it', async () => {
    const first: number[] = [];
    const second: number[] = [];
    const { dispatcher } = await start({
      options: { failures },
      providers: [
        eventHandler(OrderPlaced, failing(2, first), { name: 'Mailer' }),
        eventHandler(OrderPlaced, failing(0, second), { name: 'Ledger' }),
      ],
    });
    await dispatcher.publishAndWait(new OrderPlaced());
    expect([first, second]).toEqual([[1, 2, 3], [1]]);
  });

  it('is not tried again for a message that breaks its rules, which does so each time', async () => {
    const attempts: number[] = [];
    const schema: NonNullable<HandlerOptions['schema']> = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'is wrong' }] }) },
    };
    const handler = commandHandler(PlaceOrder, failing(0, attempts), { schema });
    const { dispatcher, log } = await start({
      options: { failures: (on) => [on.any().retry('0ms')] },
      providers: [handler],
    });
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder()))).toMatchObject({ code: 'DISPATCH_INVALID_MESSAGE' });
    expect([attempts, log.lines]).toEqual([[], []]);
  });

  it('has 100 attempts at most where a function always says so, and the next message is handled', async () => {
    const attempts: number[] = [];
    const work = failing(1000, attempts);
    const { dispatcher } = await start({
      options: { failurePolicy: () => ({ action: 'retry', delayMs: 0, jitter: 'none' }) },
      providers: [commandHandler(PlaceOrder, work), queryHandler(GetOrder, () => 'there')],
    });
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder()))).toMatchObject({ message: 'failed at 100' });
    expect(attempts).toHaveLength(100);
    expect(await dispatcher.query(new GetOrder())).toBe('there');
  });

  it('is not tried again for an error that no rule fits', async () => {
    const attempts: number[] = [];
    const handler = commandHandler(PlaceOrder, failing(9, attempts));
    OnError(TypeError, retry('0ms'))(handler);
    const { dispatcher } = await start({ providers: [handler] });
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder()))).toBeInstanceOf(RangeError);
    expect(attempts).toEqual([1]);
  });
});

describe("what only a queue can do about a failure in the caller's turn", () => {
  it.each<[string, DefineFailures]>([
    ['schedule', (on) => [on(RangeError).schedule('1ms')]],
    ['requeue', (on) => [on(RangeError).requeue(3)]],
    ['deadLetter', (on) => [on(RangeError).deadLetter('zombies')]],
    ['discard', (on) => [on(RangeError).discard('old')]],
    ['schedule after a retry', (on) => [on(RangeError).retry('0ms').thenSchedule('1ms')]],
  ])('%s leaves the error to the caller of a command', async (verb, failures) => {
    const attempts: number[] = [];
    const handler = commandHandler(PlaceOrder, failing(9, attempts));
    const { dispatcher } = await start({ options: { failures }, providers: [handler] });
    const count = verb === 'schedule after a retry' ? 2 : 1;
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder()))).toMatchObject({ message: `failed at ${count}` });
    expect(attempts).toHaveLength(count);
  });

  it.each<[string, DefineFailures, number]>([
    ['schedule reports', (on) => [on(RangeError).schedule('1ms')], 1],
    ['requeue reports', (on) => [on(RangeError).requeue()], 1],
    ['deadLetter reports', (on) => [on(RangeError).deadLetter()], 1],
    ['discard drops, with a line in the debug log,', (on) => [on(RangeError).discard('old news')], 0],
  ])('%s the error of an event', async (_what, failures, count) => {
    const application = await start({ options: { failures }, providers: [eventHandler(OrderPlaced, failing(9))] });
    const { app, dispatcher, log } = application;
    const unseen: unknown[] = [];
    app.get(UnhandledExceptionBus).subscribe(({ exception }) => unseen.push(exception));
    await dispatcher.publish(new OrderPlaced());
    await until('a line in the log', () => log.lines.length > 0);
    expect(unseen).toHaveLength(count);
    const dropped = /^debug OrderPlacedListener drops the event "OrderPlaced" .*, old news: failed at 1/;
    expect(log.lines).toEqual([expect.stringMatching(count === 0 ? dropped : /^error .*failed at 1/)]);
  });

  it('an event that is dropped has failed for nobody who waits', async () => {
    const application = await start({
      options: { failures: (on) => [on(RangeError).discard('old news')] },
      providers: [eventHandler(OrderPlaced, failing(9))],
    });
    const handled = collect(application, EventHandledNotification);
    await application.dispatcher.publishAndWait(new OrderPlaced());
    await application.app.close();
    expect(handled).toMatchObject([{ context: { name: 'OrderPlaced' } }]);
  });
});

describe("a wait between attempts in the caller's turn", () => {
  it.each(['execute', 'publish', 'publishAndWait'] as const)('is waited for by close(), after %s', async (verb) => {
    const { app, dispatcher, attempts } = await startWaiting({ drainTimeoutMs: 2 * HOUR_MS });
    const sent = verb === 'execute' ? dispatcher.execute(new PlaceOrder()) : dispatcher[verb](new OrderPlaced());
    await until('the first attempt', () => attempts.length === 1);
    const closed = app.close();
    expect(await isSettled(closed)).toBe(false);
    await jest.advanceTimersByTimeAsync(HOUR_MS - 1);
    expect(await isSettled(closed)).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await closed;
    await sent;
    expect(attempts).toEqual([1, 2]);
  });

  it('ends after drainTimeoutMs, and the caller gets the error of the last attempt', async () => {
    const { app, dispatcher, attempts } = await startWaiting({ drainTimeoutMs: 5000 });
    const outcome = rejectionOf(dispatcher.execute(new PlaceOrder()));
    const closed = app.close();
    await jest.advanceTimersByTimeAsync(4999);
    expect(await isSettled(outcome)).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await closed;
    expect(await outcome).toMatchObject({ name: 'RangeError', message: 'failed at 1' });
    expect(attempts).toEqual([1]);
  });

  it('ends when the caller aborts, who gets the error of the last attempt', async () => {
    const { dispatcher, attempts } = await startWaiting();
    const caller = new AbortController();
    const outcome = rejectionOf(dispatcher.execute(new PlaceOrder(), { signal: caller.signal }));
    expect(await isSettled(outcome)).toBe(false);
    caller.abort(new TypeError('enough'));
    expect(await outcome).toMatchObject({ message: 'failed at 1' });
    expect(attempts).toEqual([1]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is not begun for a caller who has aborted', async () => {
    const caller = new AbortController();
    const handler = commandHandler(PlaceOrder, () => {
      caller.abort();
      throw new RangeError('broken');
    });
    const { dispatcher, log } = await start({
      options: { failures: (on) => [on(RangeError).retry('1h')] },
      providers: [handler],
    });
    const error = await rejectionOf(dispatcher.execute(new PlaceOrder(), { signal: caller.signal }));
    expect(error).toMatchObject({ message: 'broken' });
    expect(log.lines).toEqual([]);
  });

  it('does not hold up another message', async () => {
    const { dispatcher, attempts } = await startWaiting();
    const waiting = dispatcher.execute(new PlaceOrder());
    const other = dispatcher.publishAndWait(new OrderHeard());
    expect(await isSettled(other)).toBe(true);
    expect(await isSettled(waiting)).toBe(false);
    await jest.advanceTimersByTimeAsync(HOUR_MS);
    expect(await waiting).toBe('done at 2');
    expect(attempts).toEqual([1, 2]);
  });
});

describe('an error of this package that a handler throws', () => {
  class ClosedError extends DispatchError {
    readonly code = 'SHOP_CLOSED';
  }

  it('is one for the rules as any other', async () => {
    const handler = commandHandler(PlaceOrder, (_command, { attempt }) => {
      if (attempt === 1) throw new ClosedError('closed');
      return 'placed';
    });
    OnError('ClosedError', retry('0ms'))(handler);
    const { dispatcher } = await start({ providers: [handler] });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
  });
});
