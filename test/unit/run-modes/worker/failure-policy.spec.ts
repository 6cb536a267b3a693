import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  CancelledError,
  Command,
  LockLostError,
  type DefineFailures,
  type Delivery,
  type DispatchOptions,
  type QueueOptions,
} from 'nestjs-dispatch';

import { QueueRests } from '../../../../lib/run-modes/worker/queue-rests.js';
import { commandHandler } from '../../dispatcher/handlers.js';
import { FakeBackend, type GivenDelivery } from '../fake-backend.js';
import { startQueued } from '../queued-application.js';

class PlaceOrder extends Command<string> {
  constructor(
    readonly failureCount = 0,
    readonly number = 0,
  ) {
    super();
  }
}

/** Fails as often as its command says. */
function placing(attempts: string[]) {
  return commandHandler(PlaceOrder, ({ failureCount, number }, { attempt }) => {
    attempts.push(`${number}/${attempt}`);
    if (attempt <= failureCount) throw new RangeError(`failed at ${attempt}`);
    return `placed at ${attempt}`;
  });
}

/** An application on a store that the test plays. */
async function startPlayed(options: DispatchOptions, settings: QueueOptions = {}) {
  const attempts: string[] = [];
  const backend = new FakeBackend();
  const application = await startQueued({
    options: { queue: backend.factory, queues: { each: { other: {} }, defaults: settings }, ...options },
    providers: [placing(attempts)],
  });
  /** Sends a command, and hands what was stored to the worker. */
  const deliver = async (command: PlaceOrder, given: GivenDelivery = {}) => {
    await application.dispatcher.send(command, { ...(given.queue !== undefined && { queue: given.queue }) });
    const counted: number[] = [];
    let { attempt = 1 } = given;
    const countAttempt = () => {
      counted.push((attempt += 1));
      return Promise.resolve(attempt);
    };
    // In an object, since it is the start that is awaited here and not the end.
    return { settled: backend.deliver({ ...backend.batches.flat().at(-1), countAttempt, ...given }), counted };
  };
  return { ...application, attempts, deliver };
}

const rules: Readonly<Record<'retry' | 'schedule' | 'requeue', DefineFailures>> = {
  retry: (on) => [on(RangeError).retry('0ms', '0ms', '0ms')],
  schedule: (on) => [on(RangeError).schedule('0ms', '0ms', '0ms')],
  requeue: (on) => [on(RangeError).requeue(3)],
};

function useFakeTimers(): void {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'Date'] });
}

afterEach(() => {
  jest.useRealTimers();
});

describe('a failed message without a key', () => {
  it.each<[string, DefineFailures, number]>([
    ['scheduled goes back for the delay', (on) => [on(RangeError).schedule('1500ms')], 1500],
    ['requeued goes back behind what waits', (on) => [on(RangeError).requeue()], 0],
  ])('that is %s, and the worker has done with it', async (_what, failures, delayMs) => {
    const { deliver, attempts } = await startPlayed({ failures });
    const { settled, counted } = await deliver(new PlaceOrder(1));
    expect(await settled).toEqual({
      action: 'retry',
      delayMs,
      error: expect.objectContaining({ name: 'RangeError' }),
      firstFailedAt: expect.any(Date),
    });
    expect([attempts, counted]).toEqual([['0/1'], []]);
  });

  it('that is scheduled with jitter goes back for no less than the delay, and less than twice of it', async () => {
    const { deliver } = await startPlayed({ failures: (on) => [on(RangeError).schedule('1s').jitter('full')] });
    const settlement = await (await deliver(new PlaceOrder(1))).settled;
    const delayMs = 'delayMs' in settlement ? settlement.delayMs : -1;
    expect(delayMs).toBeGreaterThanOrEqual(1000);
    expect(delayMs).toBeLessThan(2000);
  });

  it('that is retried stays with the worker, which counts its attempts', async () => {
    const { deliver, attempts } = await startPlayed({ failures: rules.retry });
    const { settled, counted } = await deliver(new PlaceOrder(2));
    expect(await settled).toEqual({ action: 'complete', result: 'placed at 3' });
    expect([attempts, counted]).toEqual([
      ['0/1', '0/2', '0/3'],
      [2, 3],
    ]);
  });

  it('that is discarded is settled with its error', async () => {
    const { deliver } = await startPlayed({ failures: (on) => [on(RangeError).discard('old')] });
    expect(await (await deliver(new PlaceOrder(1))).settled).toEqual({
      action: 'discard',
      error: expect.objectContaining({ name: 'RangeError', message: 'failed at 1' }),
    });
  });
});

describe.each(Object.entries(rules))('messages of one key, where failures are to %s', (_verb, failures) => {
  it('stay with the worker until they end', async () => {
    const { deliver, attempts } = await startPlayed({ failures });
    const { settled, counted } = await deliver(new PlaceOrder(3), { key: 'a' });
    expect(await settled).toEqual({ action: 'complete', result: 'placed at 4' });
    expect([attempts, counted]).toEqual([
      ['0/1', '0/2', '0/3', '0/4'],
      [2, 3, 4],
    ]);
  });

  it('are handled in order', async () => {
    const attempts: string[] = [];
    const { dispatcher } = await startQueued({
      options: { failures, queues: { defaults: { concurrency: 10 } } },
      providers: [placing(attempts)],
    });
    await Promise.all([1, 2, 3].map((number) => dispatcher.execute(new PlaceOrder(number % 2, number), { key: 'a' })));
    expect(attempts).toEqual(['1/1', '1/2', '2/1', '3/1', '3/2']);
  });
});

describe('the number of attempts', () => {
  it('is what a rule says, also where the queue says fewer', async () => {
    const attempts: string[] = [];
    const { dispatcher } = await startQueued({
      options: {
        failures: (on) => [on(RangeError).retry('0ms').thenSchedule('0ms').thenRequeue(3)],
        queues: { defaults: { maxAttempts: 2 } },
      },
      providers: [placing(attempts)],
    });
    expect(await dispatcher.execute(new PlaceOrder(5))).toBe('placed at 6');
    expect(attempts).toHaveLength(6);
  });

  it.each([
    ['of the queue', (on) => [on(RangeError).retry('0ms')], 4],
    ['of the longest rule', (on) => [on(TypeError).requeue(6), on(RangeError).retry('0ms')], 7],
  ] satisfies [string, DefineFailures, number][])(
    '%s is that of a message whose process dies each time, which is parked then',
    async (_whose, failures, limit) => {
      const { deliver, attempts } = await startPlayed({ failures }, { maxAttempts: 4 });
      const last = await deliver(new PlaceOrder(), { attempt: limit });
      expect(await last.settled).toEqual({ action: 'complete', result: `placed at ${limit}` });
      const { settled } = await deliver(new PlaceOrder(), { attempt: limit + 1 });
      expect(await settled).toMatchObject({
        action: 'park',
        place: 'failed',
        error: {
          code: 'DISPATCH_ATTEMPTS_EXHAUSTED',
          message: expect.stringContaining(`started ${limit} times and never ended`),
        },
      });
      expect(attempts).toEqual([`0/${limit}`]);
    },
  );

  it('is no matter of the queue where a function decides, until it is absurd', async () => {
    const failurePolicy: DispatchOptions['failurePolicy'] = () => ({ action: 'requeue' });
    const { deliver, attempts } = await startPlayed({ failurePolicy }, { maxAttempts: 2 });
    const failed = await deliver(new PlaceOrder(101), { attempt: 99 });
    expect(await failed.settled).toMatchObject({ action: 'retry', delayMs: 0 });
    const last = await deliver(new PlaceOrder(), { attempt: 100 });
    expect(await last.settled).toEqual({ action: 'complete', result: 'placed at 100' });
    const hopeless = await deliver(new PlaceOrder(101), { attempt: 100 });
    expect(await hopeless.settled).toMatchObject({ action: 'park', place: 'failed', error: { name: 'RangeError' } });
    const dead = await deliver(new PlaceOrder(), { attempt: 101 });
    expect(await dead.settled).toMatchObject({ action: 'park', error: { code: 'DISPATCH_ATTEMPTS_EXHAUSTED' } });
    expect(attempts).toEqual(['0/99', '0/100', '0/100']);
  });
});

describe('a queue that is paused by a failure', () => {
  const failures: DefineFailures = (on) => [on(RangeError).requeue(5).pauseQueue('10m')];
  const PAUSE_MS = 600_000;

  /** An application whose first message has failed just now, so that its queue rests. */
  async function startResting() {
    useFakeTimers();
    const application = await startPlayed({ failures });
    const first = await application.deliver(new PlaceOrder(1, 1));
    expect(await first.settled).toMatchObject({ action: 'retry', delayMs: 0 });
    return application;
  }

  it('hands out the next message when the rest is over, and that of another queue at once', async () => {
    const { deliver, attempts } = await startResting();
    const next = await deliver(new PlaceOrder(0, 2));
    const elsewhere = await deliver(new PlaceOrder(0, 3), { queue: 'other' });
    expect(await elsewhere.settled).toMatchObject({ action: 'complete' });
    await jest.advanceTimersByTimeAsync(PAUSE_MS - 1);
    expect(attempts).toEqual(['1/1', '3/1']);
    await jest.advanceTimersByTimeAsync(1);
    expect(await next.settled).toEqual({ action: 'complete', result: 'placed at 1' });
    const later = await deliver(new PlaceOrder(0, 4));
    expect(await later.settled).toMatchObject({ action: 'complete' });
    expect(attempts).toEqual(['1/1', '3/1', '2/1', '4/1']);
  });

  it('is said in the log', async () => {
    const { log } = await startResting();
    expect(log.lines).toContain('warn The queue "default" rests for 600000 ms in this process: failed at 1');
  });

  it('rests on where what it hands out afterwards fails too', async () => {
    const { deliver, attempts } = await startResting();
    const [second, third] = [await deliver(new PlaceOrder(1, 2)), await deliver(new PlaceOrder(0, 3))];
    await jest.advanceTimersByTimeAsync(PAUSE_MS);
    expect(await second.settled).toMatchObject({ action: 'retry' });
    expect(attempts).toEqual(['1/1', '2/1']);
    const fourth = await deliver(new PlaceOrder(0, 4));
    expect(attempts).not.toContain('4/1');
    await jest.advanceTimersByTimeAsync(PAUSE_MS);
    await Promise.all([third.settled, fourth.settled]);
    expect(attempts).toContain('4/1');
  });

  it('keeps a message that is tried again in place waiting as well', async () => {
    useFakeTimers();
    const pausing: DefineFailures = (on) => [on(RangeError).retry('1s').pauseQueue('10m')];
    const { deliver, attempts } = await startPlayed({ failures: pausing });
    const { settled } = await deliver(new PlaceOrder(1));
    await jest.advanceTimersByTimeAsync(PAUSE_MS - 1);
    expect(attempts).toEqual(['0/1']);
    await jest.advanceTimersByTimeAsync(1);
    expect(await settled).toEqual({ action: 'complete', result: 'placed at 2' });
  });

  it('gives a message back at shutdown, uncounted and unhandled', async () => {
    const { app, deliver, attempts } = await startResting();
    const { settled, counted } = await deliver(new PlaceOrder(0, 2));
    await app.close();
    expect(await settled).toEqual({ action: 'giveBack' });
    expect([attempts, counted]).toEqual([['1/1'], []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each<[string, Error, object]>([
    [
      'parks a message that is cancelled',
      new CancelledError('m2'),
      { action: 'park', place: 'failed', error: { code: 'DISPATCH_CANCELLED' } },
    ],
    ['gives a message back that another process has', new LockLostError('default', 'm2'), { action: 'giveBack' }],
  ])('%s, unhandled', async (_what, reason, settlement) => {
    const { deliver, attempts } = await startResting();
    let abort: Parameters<Delivery['onAbort']>[0] | undefined;
    const onAbort: Delivery['onAbort'] = (listener) => (abort = listener);
    const { settled } = await deliver(new PlaceOrder(0, 2), { onAbort });
    abort?.(reason);
    expect(await settled).toMatchObject(settlement);
    expect(attempts).toEqual(['1/1']);
    const next = await deliver(new PlaceOrder(0, 3));
    await jest.advanceTimersByTimeAsync(PAUSE_MS);
    expect(await next.settled).toMatchObject({ action: 'complete' });
  });
});

describe('the rest of a queue', () => {
  it('ends when the longest of those ends that were begun', () => {
    useFakeTimers();
    const rests = new QueueRests();
    for (const durationMs of [10, 50, 5]) rests.begin('orders', durationMs, new RangeError('busy'));
    expect([rests.leftMs('orders'), rests.leftMs('mail')]).toEqual([50, 0]);
    jest.advanceTimersByTime(49);
    expect(rests.leftMs('orders')).toBe(1);
    jest.advanceTimersByTime(1);
    expect(rests.leftMs('orders')).toBe(0);
    rests.begin('orders', 5, new RangeError('busy'));
    expect(rests.leftMs('orders')).toBe(5);
  });
});
