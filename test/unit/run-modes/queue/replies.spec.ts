import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Command, type EntrySnapshot } from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';
import { commandHandler } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../fake-backend.js';
import { startQueued, until } from '../queued-application.js';

class PlaceOrder extends Command<string> {}

const ACTIVE: EntrySnapshot = { state: 'active', attempt: 1, progress: undefined, outcome: undefined };
const UNKNOWN: EntrySnapshot = { ...ACTIVE, state: 'unknown', attempt: 0 };
const COMPLETED: EntrySnapshot = { ...ACTIVE, state: 'completed', outcome: { status: 'completed', result: 'placed' } };

/** An application whose store says nothing by itself, with time that stands still. */
async function startSilent() {
  const backend = new FakeBackend();
  backend.onRead = () => Promise.resolve(ACTIVE);
  const application = await startQueued({
    options: { queue: backend.factory },
    providers: [commandHandler(PlaceOrder, () => 'placed')],
  });
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
  return { ...application, backend };
}

afterEach(() => {
  jest.useRealTimers();
});

describe('a caller who waits for a reply', () => {
  it('asks the store for nothing while replies arrive', async () => {
    const { dispatcher, backend } = await startSilent();
    backend.onEnqueue = ({ id }, queue) => {
      setImmediate(() => backend.application.replied(id, { status: 'completed', result: 'placed' }));
      return Promise.resolve({ status: 'stored', place: queue });
    };
    const answers = Array.from({ length: 50 }, () => dispatcher.execute(new PlaceOrder()));
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['placed']));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(backend.reads).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('finds a reply that was lost by reading the message again after 2 s', async () => {
    const { dispatcher, backend } = await startSilent();
    const answer = dispatcher.execute(new PlaceOrder(), { id: 'm1' });
    await jest.advanceTimersByTimeAsync(1999);
    expect(backend.reads).toEqual([]);
    backend.onRead = () => Promise.resolve(COMPLETED);
    await jest.advanceTimersByTimeAsync(1);
    expect(await answer).toBe('placed');
    expect(backend.reads).toEqual(['m1']);
  });

  it('looks again at intervals that double up to 30 s', async () => {
    const { dispatcher, backend } = await startSilent();
    const startedAt = Date.now();
    const looksMs: number[] = [];
    backend.onRead = () => {
      looksMs.push(Date.now() - startedAt);
      return Promise.resolve(ACTIVE);
    };
    const answer = dispatcher.execute(new PlaceOrder(), { timeoutMs: 0 });
    await jest.advanceTimersByTimeAsync(95_000);
    expect(looksMs).toEqual([2000, 6000, 14_000, 30_000, 60_000, 90_000]);
    backend.onRead = () => Promise.resolve(COMPLETED);
    await jest.advanceTimersByTimeAsync(30_000);
    expect(await answer).toBe('placed');
  });

  it('goes on where the store does not answer a look', async () => {
    const { dispatcher, backend } = await startSilent();
    backend.onRead = () => Promise.reject(new Error('connection lost'));
    const answer = dispatcher.execute(new PlaceOrder());
    await jest.advanceTimersByTimeAsync(2000);
    backend.onRead = () => Promise.resolve(COMPLETED);
    await jest.advanceTimersByTimeAsync(4000);
    expect(await answer).toBe('placed');
  });

  it('gives up where the store says twice that it knows nothing of the message', async () => {
    const { dispatcher, backend } = await startSilent();
    backend.onRead = () => Promise.resolve(UNKNOWN);
    const answer = rejectionOf(dispatcher.execute(new PlaceOrder(), { id: 'm1' }));
    await jest.advanceTimersByTimeAsync(6000);
    expect(backend.reads).toHaveLength(2);
    expect(await answer).toMatchObject({ code: 'DISPATCH_RESULT_UNKNOWN', receiptId: 'm1@default' });
  });

  it.each([
    [{}, 30_000],
    [{ timeoutMs: 500 }, 500],
    [{ timeoutMs: 500, delayMs: 7000 }, 7500],
  ])('gives up with a ReplyTimeoutError, with the options %j after %d ms', async (options, limitMs) => {
    const { dispatcher } = await startSilent();
    const answer = rejectionOf(dispatcher.execute(new PlaceOrder(), { id: 'm1', ...options }));
    let hasEnded = false;
    void answer.then(() => (hasEnded = true));
    await jest.advanceTimersByTimeAsync(limitMs - 1);
    expect(hasEnded).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    const error = await answer;
    expect(error).toMatchObject({ code: 'DISPATCH_REPLY_TIMEOUT', messageName: 'PlaceOrder', timeoutMs: limitMs });
    expect((error as Error).message).toContain("dispatcher.receipt('m1@default')");
    await jest.advanceTimersByTimeAsync(1000);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('takes the first of two replies, and nobody one that nobody waits for', async () => {
    const { dispatcher, backend } = await startSilent();
    const answer = dispatcher.execute(new PlaceOrder(), { id: 'm1' });
    await until('the message', () => backend.batches.length === 1);
    const { application } = backend;
    application.replied('m1', { status: 'completed', result: 'first' });
    application.replied('m1', { status: 'completed', result: 'second' });
    application.replied('m2', { status: 'completed', result: 'nobody’s' });
    expect(await answer).toBe('first');
  });
});

describe('the signal of a caller', () => {
  it('keeps the message from being sent where it has aborted already', async () => {
    const { dispatcher, backend } = await startSilent();
    const reason = new RangeError('too late');
    const answer = dispatcher.execute(new PlaceOrder(), { signal: AbortSignal.abort(reason) });
    expect(await rejectionOf(answer)).toBe(reason);
    expect(backend.batches).toEqual([]);
  });

  it.each(['before the store has the message', 'afterwards'])('cancels the message when it aborts %s', async (when) => {
    const { dispatcher, backend } = await startSilent();
    const stored = deferred();
    backend.onEnqueue = async (_entry, queue) => {
      await stored.promise;
      return { status: 'stored', place: queue };
    };
    const controller = new AbortController();
    const answer = dispatcher.execute(new PlaceOrder(), { id: 'm1', signal: controller.signal });
    if (when !== 'afterwards') controller.abort();
    stored.resolve();
    await until('the message', () => backend.batches.length === 1);
    controller.abort();
    await until('the cancellation', () => backend.cancels.length > 0);
    expect(backend.cancels).toEqual(['m1']);
    backend.application.replied('m1', { status: 'completed', result: 'it was too late' });
    expect(await answer).toBe('it was too late');
  });

  it('aborts that of the handler, and its reason says who did it', async () => {
    const reasons: unknown[] = [];
    const { dispatcher } = await startQueued({
      providers: [
        commandHandler(
          PlaceOrder,
          (_command, { signal }) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => {
                reasons.push(signal.reason);
                reject(signal.reason as Error);
              });
              controller.abort();
            }),
        ),
      ],
    });
    const controller = new AbortController();
    const answer = dispatcher.execute(new PlaceOrder(), { signal: controller.signal });
    expect(await rejectionOf(answer)).toMatchObject({ code: 'DISPATCH_CANCELLED' });
    expect(reasons).toMatchObject([{ code: 'DISPATCH_CANCELLED' }]);
  });
});
