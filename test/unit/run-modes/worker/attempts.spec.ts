import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Scope } from '@nestjs/common';
import { Command, CommandHandler, HandlerTimeoutError, type HandlerContext } from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';
import { commandHandler } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../fake-backend.js';
import { startQueued } from '../queued-application.js';

class PlaceOrder extends Command<string> {
  readonly lines: number[] = [];

  constructor(
    readonly failureCount = 0,
    readonly number = 0,
  ) {
    super();
  }
}

/** Fails as often as its command says. */
function placing(attempts: string[] = []) {
  return commandHandler(PlaceOrder, ({ failureCount, number }, { attempt }) => {
    attempts.push(`${number}/${attempt}`);
    if (attempt <= failureCount) throw new RangeError(`failed at ${attempt}`);
    return `placed at ${attempt}`;
  });
}

describe('a handler that fails behind a queue', () => {
  it.each([{}, { key: 'a' }])(
    'is tried again until it succeeds, and its caller gets that result, with %j',
    async (options) => {
      const { dispatcher, log } = await startQueued({ providers: [placing()] });
      expect(await dispatcher.execute(new PlaceOrder(3), options)).toBe('placed at 4');
      expect(log.lines).toEqual(
        [1, 2, 3].map((attempt) => expect.stringMatching(`attempt ${attempt}; again in 0 ms: failed at`)),
      );
    },
  );

  it.each([{}, { key: 'a' }])(
    'is given up after the last attempt, and the next message is handled, with %j',
    async (options) => {
      const attempts: string[] = [];
      const { dispatcher, queues } = await startQueued({
        options: { queues: { defaults: { maxAttempts: 2 } } },
        providers: [placing(attempts)],
      });
      const failing = dispatcher.execute(new PlaceOrder(9, 1), { id: 'm1', ...options });
      const next = dispatcher.execute(new PlaceOrder(0, 2), options);
      expect(await rejectionOf(failing)).toMatchObject({ name: 'RangeError', message: 'failed at 2' });
      expect(await next).toBe('placed at 1');
      expect(await queues.parked('default', 'failed')).toMatchObject([
        { id: 'm1', name: 'PlaceOrder', attempt: 2, error: { name: 'RangeError', message: 'failed at 2' } },
      ]);
      expect(attempts.toSorted()).toEqual(['1/1', '1/2', '2/1']);
    },
  );

  it('is started four times at most where nothing says otherwise', async () => {
    const attempts: string[] = [];
    const { dispatcher } = await startQueued({ providers: [placing(attempts)] });
    await rejectionOf(dispatcher.execute(new PlaceOrder(9)));
    expect(attempts).toEqual(['0/1', '0/2', '0/3', '0/4']);
  });

  it('gets a message of its own at each attempt, and the same idempotency key', async () => {
    const seen: unknown[] = [];
    const handler = commandHandler(PlaceOrder, ({ lines }, { attempt, idempotencyKey }) => {
      seen.push(lines.length, idempotencyKey);
      lines.push(attempt);
      if (attempt < 3) throw new RangeError('not yet');
    });
    const { dispatcher } = await startQueued({ providers: [handler] });
    await dispatcher.execute(new PlaceOrder(), { id: 'm1' });
    await dispatcher.execute(new PlaceOrder(), { id: 'm2', key: 'a' });
    expect(seen).toEqual(['m1', 'm2'].flatMap((id) => [0, 1, 2].flatMap(() => [0, `${id}:PlaceOrderHandler`])));
  });

  it('is not tried again for a message whose process died at the last attempt', async () => {
    const attempts: string[] = [];
    const backend = new FakeBackend();
    const { dispatcher } = await startQueued({ options: { queue: backend.factory }, providers: [placing(attempts)] });
    await dispatcher.send(new PlaceOrder(), { id: 'm1' });
    const [entry] = backend.batches.flat();
    const settlement = await backend.deliver({ ...entry, attempt: 5 });
    expect(settlement).toMatchObject({
      action: 'park',
      place: 'failed',
      error: { code: 'DISPATCH_ATTEMPTS_EXHAUSTED' },
    });
    expect(settlement).toMatchObject({
      error: { message: expect.stringContaining('started 4 times and never ended') },
    });
    expect(attempts).toEqual([]);
    expect(await backend.deliver({ ...entry, attempt: 4 })).toEqual({ action: 'complete', result: 'placed at 4' });
  });

  it('waits between attempts for no less than backoffMs, twice that the second time, and maxBackoffMs at most', async () => {
    const backend = new FakeBackend();
    const { dispatcher } = await startQueued({
      options: { queue: backend.factory, queues: { defaults: { backoffMs: 1000, maxBackoffMs: 1500 } } },
      providers: [placing()],
    });
    await dispatcher.send(new PlaceOrder(9));
    const [entry] = backend.batches.flat();
    const ranges = [
      [1000, 1500],
      [1500, 2250],
      [1500, 2250],
    ] as const;
    for (const [index, [least, most]] of ranges.entries()) {
      const settlement = await backend.deliver({ ...entry, attempt: index + 1 });
      expect(settlement).toMatchObject({ action: 'retry', error: { name: 'RangeError' } });
      const delayMs = 'delayMs' in settlement ? settlement.delayMs : -1;
      expect(delayMs).toBeGreaterThanOrEqual(least);
      expect(delayMs).toBeLessThanOrEqual(most);
    }
  });
});

describe('messages of one key', () => {
  it('are handled one at a time and in order, also where one is tried again', async () => {
    const attempts: string[] = [];
    const { dispatcher } = await startQueued({
      options: { queues: { defaults: { concurrency: 10, backoffMs: 2 } } },
      providers: [placing(attempts)],
    });
    await Promise.all(
      [1, 2, 3, 4].map((number) => dispatcher.execute(new PlaceOrder(number % 2, number), { key: 'a' })),
    );
    expect(attempts).toEqual(['1/1', '1/2', '2/1', '3/1', '3/2', '4/1']);
  });

  it('do not wait for those of another key, or for those without one', async () => {
    const gate = deferred();
    const handler = commandHandler(PlaceOrder, async (_command, { key }) => {
      if (key === 'a') await gate.promise;
      return `placed ${key}`;
    });
    const { dispatcher } = await startQueued({ providers: [handler] });
    const blocked = dispatcher.execute(new PlaceOrder(), { key: 'a' });
    expect(await dispatcher.execute(new PlaceOrder(), { key: 'b' })).toBe('placed b');
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed undefined');
    gate.resolve();
    expect(await blocked).toBe('placed a');
  });
});

describe('a handler that takes too long behind a queue', () => {
  const slow = (reasons: unknown[], options?: { timeoutMs: number }) =>
    commandHandler(
      PlaceOrder,
      ({ failureCount }, { attempt, signal, timeoutMs }) => {
        if (attempt > failureCount) return `${timeoutMs} ms`;
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            resolve('too late');
          });
        });
      },
      options,
    );

  it('is told by its signal, and tried again', async () => {
    const reasons: unknown[] = [];
    const { dispatcher } = await startQueued({ providers: [slow(reasons)] });
    expect(await dispatcher.execute(new PlaceOrder(1), { timeoutMs: 200 })).toBe('200 ms');
    expect(reasons).toEqual([expect.any(HandlerTimeoutError)]);
  });

  it('fails with a HandlerTimeoutError in the end', async () => {
    const { dispatcher, queues } = await startQueued({
      options: { queues: { defaults: { maxAttempts: 2, timeoutMs: 5 } } },
      providers: [slow([])],
    });
    const error = await rejectionOf(dispatcher.execute(new PlaceOrder(9)));
    expect(error).toMatchObject({ name: 'HandlerTimeoutError', code: 'DISPATCH_HANDLER_TIMEOUT' });
    expect((error as Error).message).toContain('within 5 ms');
    expect(await queues.parked('default', 'failed')).toMatchObject([{ attempt: 2 }]);
  });

  it('has the limit of the call, else its own, else that of the module, else that of the queue, else 30 s', async () => {
    const queues = { defaults: { timeoutMs: 4000 } };
    const bare = await startQueued({ providers: [slow([])] });
    expect(await bare.dispatcher.execute(new PlaceOrder())).toBe('30000 ms');
    const ofQueue = await startQueued({ options: { queues }, providers: [slow([])] });
    expect(await ofQueue.dispatcher.execute(new PlaceOrder())).toBe('4000 ms');
    const ofModule = await startQueued({ options: { queues, timeoutMs: 3000 }, providers: [slow([])] });
    expect(await ofModule.dispatcher.execute(new PlaceOrder())).toBe('3000 ms');
    const own = await startQueued({ options: { queues, timeoutMs: 3000 }, providers: [slow([], { timeoutMs: 2000 })] });
    expect(await own.dispatcher.execute(new PlaceOrder())).toBe('2000 ms');
    expect(await own.dispatcher.execute(new PlaceOrder(), { timeoutMs: 1000 })).toBe('1000 ms');
    expect(await own.dispatcher.execute(new PlaceOrder(), { timeoutMs: 0 })).toBe('0 ms');
  });
});

describe('a request-scoped handler behind a queue', () => {
  @Injectable()
  class Counter {
    count = 0;
  }

  @CommandHandler(PlaceOrder, { scope: Scope.REQUEST })
  class PlaceOrderHandler {
    readonly unit: number;

    constructor(@Inject(Counter) counter: Counter) {
      counter.count += 1;
      this.unit = counter.count;
    }

    execute({ failureCount }: PlaceOrder, { attempt }: HandlerContext): string {
      if (attempt <= failureCount) throw new RangeError('not yet');
      return `unit ${this.unit}`;
    }
  }

  it.each([{}, { key: 'a' }])('is made anew for each attempt, with %j', async (options) => {
    const { dispatcher } = await startQueued({ providers: [Counter, PlaceOrderHandler] });
    expect(await dispatcher.execute(new PlaceOrder(2), options)).toBe('unit 3');
    expect(await dispatcher.execute(new PlaceOrder(0), options)).toBe('unit 4');
  });
});
