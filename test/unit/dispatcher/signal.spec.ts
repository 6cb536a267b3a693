import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Command, Event, HandlerTimeoutError, type HandlerContext, type MessageContext } from 'nestjs-dispatch';

import { rejectionOf, start } from './application.js';
import { deferred } from './deferred.js';
import { commandHandler, eventHandler } from './handlers.js';

class PlaceOrder extends Command<unknown> {}
class ReserveStock extends Command<unknown> {}
class OrderPlaced extends Event {}

/** Waits until the signal of a handler aborts, and gives the reason. */
const untilAborted = ({ signal }: HandlerContext): Promise<unknown> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener('abort', () => resolve(signal.reason));
  });

afterEach(() => {
  jest.useRealTimers();
});

describe('the signal of a handler', () => {
  it('aborts with the reason of the caller, whose promise waits for the handler', async () => {
    const { dispatcher } = await start({
      providers: [commandHandler(PlaceOrder, (_command, context) => untilAborted(context))],
    });
    const caller = new AbortController();
    const answer = dispatcher.execute(new PlaceOrder(), { signal: caller.signal });
    const reason = new Error('the user left');
    caller.abort(reason);
    expect(await answer).toBe(reason);
  });

  it('is aborted from the start where the signal of the caller is', async () => {
    const { dispatcher } = await start({
      providers: [commandHandler(PlaceOrder, (_command, { signal }) => signal.reason)],
    });
    expect(await dispatcher.execute(new PlaceOrder(), { signal: AbortSignal.abort('gone') })).toBe('gone');
  });

  it('aborts with a HandlerTimeoutError once the handler has had its time', async () => {
    jest.useFakeTimers();
    const aborted = deferred<unknown>();
    const { dispatcher } = await start({
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => aborted.resolve(await untilAborted(context)), {
          timeoutMs: 1000,
        }),
      ],
    });
    const rejection = rejectionOf(dispatcher.execute(new PlaceOrder()));
    jest.advanceTimersByTime(1000);
    expect(await aborted.promise).toBeInstanceOf(HandlerTimeoutError);
    expect(await rejection).toBe(await aborted.promise);
  });

  it('aborts where that of the handler which sent the message does, through an event as well', async () => {
    const { dispatcher } = await start({
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          const reasons: unknown[] = [];
          await Promise.all([
            context.execute(new ReserveStock()).then((reason) => reasons.push(reason)),
            context.publishAndWait(new OrderPlaced()),
          ]);
          return reasons;
        }),
        commandHandler(ReserveStock, (_command, context) => untilAborted(context)),
        eventHandler(OrderPlaced, (_event, context) => untilAborted(context)),
      ],
    });
    const caller = new AbortController();
    const answer = dispatcher.execute(new PlaceOrder(), { signal: caller.signal });
    caller.abort('gone');
    expect(await answer).toEqual(['gone']);
  });

  it('is not that of the sender for what a caller outside sends next', async () => {
    const { dispatcher } = await start({
      providers: [commandHandler(PlaceOrder, (_command, { signal }) => signal.aborted)],
    });
    await dispatcher.execute(new PlaceOrder(), { signal: AbortSignal.abort('gone') });
    expect(await dispatcher.execute(new PlaceOrder())).toBe(false);
  });

  it('keeps its first reason', async () => {
    const { dispatcher } = await start({ providers: [commandHandler(PlaceOrder, (_command, context) => context)] });
    const context = (await dispatcher.execute(new PlaceOrder() as object)) as MessageContext;
    context.abort('first');
    context.abort('second');
    expect(context.signal.reason).toBe('first');
  });

  it('is not made until somebody reads it', async () => {
    const contexts: MessageContext[] = [];
    const { dispatcher } = await start({
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          contexts.push(context as MessageContext);
          await context.execute(new ReserveStock());
        }),
        commandHandler(ReserveStock, (_command, context) => contexts.push(context as MessageContext)),
      ],
    });
    await dispatcher.execute(new PlaceOrder(), { signal: new AbortController().signal, timeoutMs: 1000 });
    expect(contexts.map(({ hasSignal }) => hasSignal)).toEqual([false, false]);
    expect(contexts[1]?.signal.aborted).toBe(false);
    expect(contexts.map(({ hasSignal }) => hasSignal)).toEqual([true, true]);
  });
});
