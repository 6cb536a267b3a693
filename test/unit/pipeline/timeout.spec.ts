import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  Command,
  Event,
  HandlerTimeoutError,
  SkipBehavior,
  TimeoutBehavior,
  type HandlerContext,
  type SendOptions,
} from 'nestjs-dispatch';

import { rejectionOf, start } from '../dispatcher/application.js';
import { deferred, type Deferred } from '../dispatcher/deferred.js';
import { commandHandler, eventHandler } from '../dispatcher/handlers.js';

class PlaceOrder extends Command<string> {}
class OrderPlaced extends Event {}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const START = new Date('2024-01-01T00:00:00Z');

interface Limits {
  readonly module?: number;
  readonly handler?: number;
  readonly call?: number;
}

/** A command whose handler is done when the test says so. */
async function startSlow({ module, handler }: Limits) {
  const gates: Deferred<string>[] = [];
  const contexts: HandlerContext[] = [];
  const { dispatcher } = await start({
    options: module === undefined ? {} : { timeoutMs: module },
    providers: [
      commandHandler(
        PlaceOrder,
        (_command, context) => {
          const gate = deferred<string>();
          gates.push(gate);
          contexts.push(context);
          return gate.promise;
        },
        handler === undefined ? {} : { timeoutMs: handler },
      ),
    ],
  });
  const finish = (result: string) => gates.shift()?.resolve(result);
  return { dispatcher, contexts, finish };
}

const optionsOf = ({ call }: Limits): SendOptions => (call === undefined ? {} : { timeoutMs: call });

beforeEach(() => {
  jest.useFakeTimers({ now: START, doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
});

afterEach(() => {
  jest.useRealTimers();
});

describe('the time limit', () => {
  it.each<[string, Limits, number]>([
    ['of the module', { module: 100 }, 100],
    ['of the handler before that of the module', { module: 100, handler: 200 }, 200],
    ['of the call before both', { module: 100, handler: 200, call: 300 }, 300],
    ['of the call alone', { call: 50 }, 50],
  ])('%s rejects the caller once it has passed, not before', async (_which, limits, timeoutMs) => {
    const { dispatcher, contexts, finish } = await startSlow(limits);
    let isRejected = false;
    const rejection = rejectionOf(dispatcher.execute(new PlaceOrder(), { ...optionsOf(limits), id: 'm1' }));
    const seen = rejection.then(() => (isRejected = true));
    expect(contexts[0]?.deadline).toEqual(new Date(START.getTime() + timeoutMs));
    await jest.advanceTimersByTimeAsync(timeoutMs - 1);
    expect(isRejected).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await seen;
    expect(await rejection).toMatchObject({
      code: 'DISPATCH_HANDLER_TIMEOUT',
      handlerName: 'PlaceOrderHandler',
      messageName: 'PlaceOrder',
      messageId: 'm1',
      timeoutMs,
    });
    finish('too late');
  });

  it.each<[string, Limits]>([
    ['where nobody sets one', {}],
    ['with 0 at the handler', { module: 100, handler: 0 }],
    ['with 0 at the call', { module: 100, handler: 200, call: 0 }],
  ])('is none %s', async (_where, limits) => {
    const { dispatcher, contexts, finish } = await startSlow(limits);
    const answer = dispatcher.execute(new PlaceOrder(), optionsOf(limits));
    expect(contexts[0]?.deadline).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1_000_000);
    finish('placed');
    expect(await answer).toBe('placed');
  });

  it('leaves no timer behind when the handler is done, and counts anew for the next message', async () => {
    const { dispatcher, finish } = await startSlow({ handler: 100 });
    const first = dispatcher.execute(new PlaceOrder());
    await jest.advanceTimersByTimeAsync(60);
    finish('first');
    expect(await first).toBe('first');
    expect(jest.getTimerCount()).toBe(0);
    const second = dispatcher.execute(new PlaceOrder());
    await jest.advanceTimersByTimeAsync(60);
    finish('second');
    expect(await second).toBe('second');
  });

  it('makes what a handler throws after it disappear', async () => {
    const gate = deferred();
    const { dispatcher, log } = await start({
      providers: [commandHandler(PlaceOrder, () => gate.promise, { timeoutMs: 100 })],
    });
    const rejection = rejectionOf(dispatcher.execute(new PlaceOrder()));
    await jest.advanceTimersByTimeAsync(100);
    expect(await rejection).toBeInstanceOf(HandlerTimeoutError);
    // An unhandled rejection would fail the test.
    gate.reject(new Error('too late'));
    await jest.advanceTimersByTimeAsync(0);
    expect(log.lines).toEqual([]);
  });

  it.each<[string, boolean, unknown]>([
    ['limits rules that answer with a promise', false, { code: 'DISPATCH_HANDLER_TIMEOUT', timeoutMs: 100 }],
    ['leaves them alone where the message skips it', true, { code: 'DISPATCH_INVALID_MESSAGE' }],
  ])('%s, and counts anew for the handler', async (_what, isSkipped, outcome) => {
    const slow = [150, 60];
    class Checked extends Command<Date | undefined> {
      async validate(): Promise<boolean> {
        const waitMs = slow.shift() ?? 0;
        await delay(waitMs);
        return waitMs < 100;
      }
    }
    if (isSkipped) SkipBehavior(TimeoutBehavior)(Checked);
    const { dispatcher } = await start({
      options: { timeoutMs: 100 },
      providers: [commandHandler(Checked, (_command, { deadline }) => deadline)],
    });
    const rejected = rejectionOf(dispatcher.execute(new Checked()));
    await jest.advanceTimersByTimeAsync(150);
    expect(await rejected).toMatchObject(outcome as object);
    const handled = dispatcher.execute(new Checked());
    await jest.advanceTimersByTimeAsync(60);
    expect(await handled).toEqual(isSkipped ? undefined : new Date(START.getTime() + 150 + 60 + 100));
  });

  it('of an event handler is reported, and the other handlers are not limited by it', async () => {
    const gate = deferred();
    const seen: string[] = [];
    const { dispatcher, log } = await start({
      providers: [
        eventHandler(OrderPlaced, () => gate.promise, { name: 'Limited', timeoutMs: 100 }),
        eventHandler(OrderPlaced, () => gate.promise.then(() => seen.push('done')), { name: 'Patient' }),
      ],
    });
    const waiting = rejectionOf(dispatcher.publishAndWait(new OrderPlaced(), { id: 'e1' }));
    await jest.advanceTimersByTimeAsync(100);
    gate.resolve();
    const { errors } = (await waiting) as AggregateError;
    expect((errors as Error[]).map(({ cause }) => cause)).toEqual([expect.any(HandlerTimeoutError)]);
    expect(seen).toEqual(['done']);
    expect(log.lines).toEqual([expect.stringMatching(/^error Limited failed at the event "OrderPlaced" \(e1\)/)]);
  });
});
