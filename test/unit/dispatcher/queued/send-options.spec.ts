import { describe, expect, it, afterEach, jest } from '@jest/globals';
import { Command, Event, inMemoryQueue, RunMode } from 'nestjs-dispatch';

import { FakeBackend } from '../../run-modes/fake-backend.js';
import { startQueued, until } from '../../run-modes/queued-application.js';
import { rejectionOf, start } from '../application.js';
import { deferred } from '../deferred.js';
import { commandHandler, eventHandler } from '../handlers.js';

class PlaceOrder extends Command<string> {}
class OrderPlaced extends Event {}

afterEach(() => {
  jest.useRealTimers();
});

describe('an option of the call that only a queue can keep', () => {
  it.each([{ delayMs: 5 }, { delayMs: 0 }, { at: new Date(0) }, { deduplicationId: 'a' }])(
    'is refused in the turn of the caller, saying why the message runs there: %j',
    async (options) => {
      const { dispatcher } = await start({
        options: { queue: inMemoryQueue() },
        providers: [
          commandHandler(PlaceOrder, () => 'placed', { runMode: RunMode.Sync }),
          eventHandler(OrderPlaced, () => undefined),
        ],
      });
      const [name] = Object.keys(options);
      expect(await rejectionOf(dispatcher.execute(new PlaceOrder(), options))).toMatchObject({
        code: 'DISPATCH_INVALID_SEND_OPTIONS',
        problem: `"${name}" needs a queue, and PlaceOrderHandler runs in the caller's turn because of the decorator of PlaceOrderHandler: name a queue, or use RunMode.Async`,
      });
      const waiting = dispatcher.publishAndWait(new OrderPlaced(), options);
      for (const published of [dispatcher.publish(new OrderPlaced(), options), waiting]) {
        expect(await rejectionOf(published)).toMatchObject({ code: 'DISPATCH_INVALID_SEND_OPTIONS' });
      }
    },
  );

  it.each<[Record<string, unknown>, string]>([
    [{ delayMs: -1 }, 'delayMs is -1, not a number from 0 to 2147483647'],
    [{ delayMs: Number.NaN }, 'delayMs is NaN'],
    [{ at: '2026-01-01' }, 'at is no valid Date within 24 days from now'],
    [{ at: new Date(Number.NaN) }, 'at is no valid Date'],
    [{ at: new Date(Date.now() + 30 * 86_400_000) }, 'at is no valid Date within 24 days from now'],
    [{ at: new Date(0), delayMs: 5 }, 'delayMs and at say the same: give one of them'],
    [{ priority: 'urgent' }, "priority is \"urgent\", not 'high', 'normal', 'low' or a whole number from 1 to 2097152"],
    [{ priority: 0 }, 'priority is 0'],
    [{ priority: 2_097_153 }, 'priority is 2097153'],
    [{ priority: 1.5 }, 'priority is 1.5'],
    [{ key: '' }, 'key is "", not a text'],
    [{ key: 7 }, 'key is 7, not a text'],
    [{ queue: 7 }, 'queue is 7, not a text'],
    [{ deduplicationId: '' }, 'deduplicationId is "", not a text'],
    [{ delay: 5 }, 'the option "delay" is unknown: there are'],
  ])('is refused where it cannot be: %p', async (options, text) => {
    const { dispatcher } = await startQueued({ providers: [commandHandler(PlaceOrder, () => 'placed')] });
    for (const sent of [dispatcher.execute(new PlaceOrder(), options), dispatcher.send(new PlaceOrder(), options)]) {
      const error = await rejectionOf(sent);
      expect(error).toMatchObject({ code: 'DISPATCH_INVALID_SEND_OPTIONS', problem: expect.stringContaining(text) });
    }
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
  });

  it('is refused where it is a key, and the queue has no lanes', async () => {
    const { dispatcher } = await startQueued({
      options: { queues: { each: { default: { lanes: 0 } } } },
      providers: [commandHandler(PlaceOrder, () => 'placed')],
    });
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder(), { key: 'a' }))).toMatchObject({
      code: 'DISPATCH_INVALID_SEND_OPTIONS',
      problem: 'it has a key, and the queue "default" has no lanes: raise "lanes"',
    });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
  });
});

describe('the time of a message in a queue', () => {
  it.each<[string, () => object, number]>([
    ['delayMs', () => ({ delayMs: 5000 }), 5000],
    ['at', () => ({ at: new Date(Date.now() + 5000) }), 5000],
    ['at, in the past', () => ({ at: new Date(0) }), 0],
  ])('is said by %s', async (_option, optionsOf, expected) => {
    const backend = new FakeBackend();
    const { dispatcher } = await startQueued({
      options: { queue: backend.factory },
      providers: [commandHandler(PlaceOrder, () => 'placed')],
    });
    jest.useFakeTimers({ now: 1_000_000, doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    await dispatcher.send(new PlaceOrder(), optionsOf());
    expect(backend.batches.flat()).toMatchObject([{ delayMs: expected }]);
  });

  it('keeps it back until then', async () => {
    const { dispatcher } = await startQueued({ providers: [commandHandler(PlaceOrder, () => 'placed')] });
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    const answer = dispatcher.execute(new PlaceOrder(), { delayMs: 5000, id: 'm1' });
    await jest.advanceTimersByTimeAsync(4999);
    expect(await dispatcher.receipt('m1@default').status()).toBe('delayed');
    await jest.advanceTimersByTimeAsync(1);
    expect(await answer).toBe('placed');
  });
});

describe('a deduplicationId', () => {
  async function startGated() {
    const gate = deferred();
    const handled: string[] = [];
    const application = await startQueued({
      providers: [
        commandHandler(PlaceOrder, async (_command, { id }) => {
          handled.push(id);
          await gate.promise;
          return `placed as ${id}`;
        }),
      ],
    });
    return { ...application, gate, handled };
  }

  it('gives the second caller the result of the first message, which alone is handled', async () => {
    const { dispatcher, gate, handled } = await startGated();
    const first = dispatcher.execute(new PlaceOrder(), { id: 'm1', deduplicationId: 'order 7' });
    const second = dispatcher.execute(new PlaceOrder(), { id: 'm2', deduplicationId: 'order 7' });
    const other = dispatcher.execute(new PlaceOrder(), { id: 'm3', deduplicationId: 'order 8' });
    gate.resolve();
    expect(await Promise.all([first, second, other])).toEqual(['placed as m1', 'placed as m1', 'placed as m3']);
    expect(handled).toEqual(['m1', 'm3']);
  });

  it('gives the second sender the receipt of the first message, until that is handled', async () => {
    const { dispatcher, gate, handled } = await startGated();
    const options = { deduplicationId: 'order 7' };
    await dispatcher.send(new PlaceOrder(), { id: 'm1', ...options });
    const second = await dispatcher.send(new PlaceOrder(), { id: 'm2', ...options });
    expect(second.messageId).toBe('m1');
    gate.resolve();
    expect(await second.result()).toBe('placed as m1');
    expect(await dispatcher.execute(new PlaceOrder(), { id: 'm3', ...options })).toBe('placed as m3');
    expect(handled).toEqual(['m1', 'm3']);
  });

  it('is not needed where a message is sent twice with one id', async () => {
    const { dispatcher, gate, handled } = await startGated();
    const answers = [1, 2].map(() => dispatcher.execute(new PlaceOrder(), { id: 'm1' }));
    gate.resolve();
    expect(await Promise.all(answers)).toEqual(['placed as m1', 'placed as m1']);
    expect(await dispatcher.execute(new PlaceOrder(), { id: 'm1' })).toBe('placed as m1');
    expect(handled).toEqual(['m1']);
  });

  it('holds for each handler of an event on its own', async () => {
    const gate = deferred();
    const handled: string[] = [];
    const listener = (name: string) =>
      eventHandler(
        OrderPlaced,
        async () => {
          handled.push(name);
          await gate.promise;
        },
        { name },
      );
    const { dispatcher, queues } = await startQueued({
      options: { queues: { defaults: { concurrency: 4 } } },
      providers: [listener('Mailer'), listener('Ledger')],
    });
    await dispatcher.publish(new OrderPlaced(), { deduplicationId: 'order 7' });
    await dispatcher.publish(new OrderPlaced(), { deduplicationId: 'order 7' });
    await until('both', () => handled.length >= 2);
    gate.resolve();
    await queues.drain('default');
    expect(handled.toSorted()).toEqual(['Ledger', 'Mailer']);
  });
});
