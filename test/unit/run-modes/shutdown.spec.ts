import { setImmediate } from 'node:timers/promises';

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Command, Event, Query, ShutdownError, type HandlerContext } from 'nestjs-dispatch';

import { start } from '../dispatcher/application.js';
import { deferred } from '../dispatcher/deferred.js';
import { commandHandler, eventHandler, queryHandler } from '../dispatcher/handlers.js';

class PlaceOrder extends Command<unknown> {}
class GetOrder extends Query<string> {}
class OrderPlaced extends Event {}

/** Waits until the signal of a handler aborts, and gives the reason. */
const untilAborted = ({ signal }: HandlerContext): Promise<unknown> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason));
  });

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

afterEach(() => {
  jest.useRealTimers();
});

describe('close() after drainTimeoutMs', () => {
  it('aborts the signals of running handlers with a ShutdownError and returns', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    const { app, dispatcher, log } = await start({
      options: { drainTimeoutMs: 5000 },
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => untilAborted(context)),
        eventHandler(OrderPlaced, async (_event, context) => context.execute(new PlaceOrder())),
      ],
    });
    const answer = dispatcher.execute(new PlaceOrder());
    await dispatcher.publish(new OrderPlaced());
    const closed = app.close();
    expect(await isSettled(closed)).toBe(false);
    await jest.advanceTimersByTimeAsync(4999);
    expect(await isSettled(closed)).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await closed;
    expect(await answer).toBeInstanceOf(ShutdownError);
    expect(await answer).toMatchObject({ code: 'DISPATCH_SHUTDOWN', drainTimeoutMs: 5000 });
    expect(log.lines).toEqual([expect.stringMatching(/^warn 3 handlers were still running after 5000 ms/)]);
  });

  it('aborts at once where that is 0', async () => {
    const { app, dispatcher } = await start({
      options: { drainTimeoutMs: 0 },
      providers: [commandHandler(PlaceOrder, (_command, context) => untilAborted(context))],
    });
    const answer = dispatcher.execute(new PlaceOrder());
    await app.close();
    expect(await answer).toBeInstanceOf(ShutdownError);
  });

  it('has aborted the signal of a handler that reads it only then', async () => {
    const gate = deferred();
    const { app, dispatcher } = await start({
      options: { drainTimeoutMs: 0 },
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          await gate.promise;
          return context.signal.reason;
        }),
      ],
    });
    const answer = dispatcher.execute(new PlaceOrder());
    await app.close();
    gate.resolve();
    expect(await answer).toBeInstanceOf(ShutdownError);
  });
});

describe('close() while handlers run', () => {
  it.each<[string, (send: Awaited<ReturnType<typeof startSlow>>) => Promise<unknown>]>([
    ['command', ({ dispatcher }) => dispatcher.execute(new PlaceOrder())],
    ['query', ({ dispatcher }) => dispatcher.query(new GetOrder())],
    ['event nobody waits for', ({ dispatcher }) => dispatcher.publish(new OrderPlaced())],
  ])('waits for that of a %s, without aborting it', async (_kind, send) => {
    const slow = await startSlow();
    const sent = send(slow);
    const closed = slow.app.close();
    expect(await isSettled(closed)).toBe(false);
    slow.gate.resolve();
    await closed;
    await sent;
    expect(slow.seen).toEqual(['done, aborted: false']);
    expect(slow.log.lines).toEqual([]);
  });

  it('waits for what they send in their turn', async () => {
    const gates = [deferred(), deferred()];
    const seen: string[] = [];
    const { app, dispatcher } = await start({
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          await gates[0]?.promise;
          await context.publish(new OrderPlaced());
          seen.push('placed');
        }),
        eventHandler(OrderPlaced, async () => {
          await gates[1]?.promise;
          seen.push('listener done');
        }),
      ],
    });
    const answer = dispatcher.execute(new PlaceOrder());
    const closed = app.close();
    gates[0]?.resolve();
    await answer;
    expect(await isSettled(closed)).toBe(false);
    gates[1]?.resolve();
    await closed;
    expect(seen).toEqual(['placed', 'listener done']);
  });

  const startSlow = async () => {
    const gate = deferred();
    const seen: string[] = [];
    const work = async (_message: object, { signal }: HandlerContext) => {
      await gate.promise;
      seen.push(`done, aborted: ${signal.aborted}`);
    };
    const application = await start({
      providers: [commandHandler(PlaceOrder, work), queryHandler(GetOrder, work), eventHandler(OrderPlaced, work)],
    });
    return { ...application, gate, seen };
  };
});
