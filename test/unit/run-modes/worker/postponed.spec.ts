import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  CancelledError,
  Command,
  CommandHandler,
  LockLostError,
  TaskPostponedNotification,
  type Delivery,
  type HandlerContext,
  type MessageContext,
} from 'nestjs-dispatch';

import { FakeBackend, type GivenDelivery } from '../fake-backend.js';
import { collect, startQueued } from '../queued-application.js';

class PlaceOrder extends Command {
  constructor(readonly number: number) {
    super();
  }
}

/** For each number, how often it is still refused. */
const refusals = new Map<number, number>();
const calls: string[] = [];
/** What is done in the place of a message of this number fails by itself. */
const FELL_BACK = 7;
let rests: 'queue' | 'message' = 'message';

@CommandHandler(PlaceOrder)
class PlaceOrderHandler {
  execute({ number }: PlaceOrder, context: HandlerContext): void {
    const left = refusals.get(number) ?? 0;
    calls.push(`${left > 0 ? 'refused' : 'placed'} ${number}/${context.attempt}`);
    if (left === 0) return;
    refusals.set(number, left - 1);
    const error = new Error('not now');
    // Handlers are given contexts that the dispatcher made, and no others.
    (context as MessageContext).refusal = { error, delayMs: 600_000, rests };
    if (number === FELL_BACK) throw new Error('the fallback failed');
    throw new Error('wrapped', { cause: error });
  }
}

async function startRefusing(refused: Readonly<Record<number, number>>, what: typeof rests) {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  rests = what;
  for (const [number, count] of Object.entries(refused)) refusals.set(Number(number), count);
  const backend = new FakeBackend();
  const application = await startQueued({ options: { queue: backend.factory }, providers: [PlaceOrderHandler] });
  const deliver = async (number: number, given: GivenDelivery = {}) => {
    await application.dispatcher.send(new PlaceOrder(number));
    // In an object, since it is the start that is awaited here and not the end.
    return { settled: backend.deliver({ ...backend.batches.flat().at(-1), ...given }) };
  };
  return { ...application, deliver };
}

afterEach(() => {
  jest.useRealTimers();
  refusals.clear();
  calls.length = 0;
});

describe('a message that is not let through to its handler', () => {
  it('has failed where something else was done in its place, and that failed', async () => {
    const application = await startRefusing({ [FELL_BACK]: 1 }, 'message');
    const delivery = await application.deliver(FELL_BACK);
    expect(await delivery.settled).toMatchObject({ action: 'retry', error: { message: 'the fallback failed' } });
  });

  it('goes back for the time it was told, uncounted, and the next one is handled', async () => {
    const application = await startRefusing({ 1: 1 }, 'message');
    const told = collect(application, TaskPostponedNotification);
    const first = await application.deliver(1, { attempt: 3 });
    expect(await first.settled).toEqual({ action: 'giveBack', delayMs: 600_000 });
    const next = await application.deliver(2);
    expect(await next.settled).toMatchObject({ action: 'complete' });
    expect(calls).toEqual(['refused 1/3', 'placed 2/1']);
    await jest.advanceTimersByTimeAsync(0);
    expect(told).toMatchObject([{ messageName: 'PlaceOrder', queue: 'default', delayMs: 600_000 }]);
    expect(told[0]?.error.message).toBe('not now');
  });

  it('with a key stays where it is, as the same attempt', async () => {
    const { deliver } = await startRefusing({ 1: 2 }, 'message');
    const { settled } = await deliver(1, { key: 'a', attempt: 2 });
    await jest.advanceTimersByTimeAsync(600_000);
    await jest.advanceTimersByTimeAsync(599_999);
    expect(calls).toEqual(['refused 1/2', 'refused 1/2']);
    await jest.advanceTimersByTimeAsync(1);
    expect(await settled).toMatchObject({ action: 'complete' });
    expect(calls.at(-1)).toBe('placed 1/2');
  });
});

describe('a queue that rests since a message was not let through', () => {
  it('hands that message and the next one out when the rest is over, each as the attempt it was', async () => {
    const { deliver } = await startRefusing({ 1: 1 }, 'queue');
    const first = await deliver(1, { attempt: 2 });
    // The first one is refused in a later turn.
    await jest.advanceTimersByTimeAsync(0);
    const next = await deliver(2);
    await jest.advanceTimersByTimeAsync(599_999);
    expect(calls).toEqual(['refused 1/2']);
    await jest.advanceTimersByTimeAsync(1);
    expect(await first.settled).toMatchObject({ action: 'complete' });
    expect(await next.settled).toMatchObject({ action: 'complete' });
    expect(calls.toSorted()).toEqual(['placed 1/2', 'placed 2/1', 'refused 1/2']);
  });

  it('gives everything back at shutdown, uncounted, and leaves no timer', async () => {
    const { app, deliver } = await startRefusing({ 1: 1 }, 'queue');
    const first = await deliver(1);
    const next = await deliver(2);
    await app.close();
    expect(await first.settled).toEqual({ action: 'giveBack' });
    expect(await next.settled).toEqual({ action: 'giveBack' });
    expect(calls).not.toContain('placed 2/1');
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each<[string, Error, object]>([
    ['parks a message that is cancelled', new CancelledError('m1'), { action: 'park', place: 'failed' }],
    ['gives a message back that another process has', new LockLostError('default', 'm1'), { action: 'giveBack' }],
  ])('%s', async (_what, reason, settlement) => {
    const { deliver } = await startRefusing({ 1: 1 }, 'queue');
    let abort: Parameters<Delivery['onAbort']>[0] | undefined;
    const { settled } = await deliver(1, { onAbort: (listener) => (abort = listener) });
    await jest.advanceTimersByTimeAsync(0);
    abort?.(reason);
    expect(await settled).toMatchObject(settlement);
    expect(calls).toEqual(['refused 1/1']);
  });
});
