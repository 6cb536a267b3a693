import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, describe, expect, it } from '@jest/globals';
import { inMemoryOutbox, inMemoryTransactions, type DispatchOptions, type OutboxStore } from 'nestjs-dispatch';

import { mistakesOf, start } from '../dispatcher/application.js';
import { FakeBackend } from '../run-modes/fake-backend.js';
import { Ship, startShop } from '../run-modes/outbox/shop.js';

const transactions = { scope: inMemoryTransactions() };
const backend = () => new FakeBackend().factory;

class DurableBackend extends FakeBackend {
  override readonly features = new Set(['durable', 'shared'] as const);
}

describe('the option "outbox"', () => {
  it.each<[unknown, string]>([
    ['yes', 'has "yes" as its options: give an object.'],
    [{ store: {} }, 'has the option "store", which is an object without the method add().'],
    [{ message: 'all' }, 'has the option "message", which is unknown: the options are store,'],
    [{ messages: 'some' }, 'has the option "messages", which is "some", not \'all\' or \'routed\'.'],
    [{ strict: 1 }, 'has the option "strict", which is 1, not true or false.'],
    [{ batchCount: 0 }, 'has the option "batchCount", which is 0, not a whole number from 1 to 1000.'],
    [{ pollEveryMs: 1 }, 'which is 1, not a whole number from 10 to 2147483647.'],
    [{ leaseMs: 10 }, 'which is 10, not a whole number from 1000 to 2147483647.'],
    [{ health: 5 }, 'has the option "health", which is 5: give an object.'],
    [{ health: { maxFailed: -1 } }, 'in "health", has the option "maxFailed", which is -1, not a whole number from 0.'],
    [{ health: { everyMs: 'x' } }, 'which is "x", not a number of milliseconds from 0.'],
  ])('%j is told of at bootstrap', async (outbox, text) => {
    const options = { queue: backend(), transactions, outbox } as DispatchOptions;
    const mistakes = await mistakesOf({ options });
    expect(mistakes).toEqual([{ rule: 'invalid-options', text: expect.stringContaining(text) }]);
    expect(mistakes[0]?.text).toMatch(/^The option "outbox" of DispatchModule/);
  });

  it('is told of where there are neither queues nor transactions', async () => {
    const texts = (await mistakesOf({ options: { outbox: true } })).map(({ text }) => text);
    expect(texts).toEqual([
      'The option "outbox" of DispatchModule needs queues: give the option "queue" too.',
      'The option "outbox" of DispatchModule needs transactions, or nothing would go through it: give the option "transactions" too.',
    ]);
  });

  it.each([
    [{ messages: ['a'], outbox: true }, 'routes[0] of DispatchModule says "outbox: true", and there is none'],
    [{ messages: ['a'], outbox: 'yes' }, 'routes[0] of DispatchModule has outbox "yes", not true or false'],
  ])('is missed by the route %j', async (rule, text) => {
    const options = { queue: backend(), routes: [rule] } as DispatchOptions;
    expect(await mistakesOf({ options })).toEqual([{ rule: 'invalid-options', text: expect.stringContaining(text) }]);
  });

  it('with a store in memory is warned of where the queue outlives the process, and nowhere else', async () => {
    const warnings = async (options: DispatchOptions): Promise<number> => {
      const { log } = await start({ options: { transactions, ...options } });
      return log.lines.filter((line) => line.includes('is in the memory of this process')).length;
    };
    const shared = Object.assign(Object.create(inMemoryOutbox()) as OutboxStore, { isShared: true });
    expect(await warnings({ queue: new DurableBackend().factory, outbox: true })).toBe(1);
    expect(await warnings({ queue: new DurableBackend().factory, outbox: { store: shared } })).toBe(0);
    expect(await warnings({ queue: backend(), outbox: true })).toBe(0);
    expect(await warnings({ queue: new DurableBackend().factory, outbox: false })).toBe(0);
  });
});

describe('the environment variable DISPATCH_RELAY', () => {
  afterEach(() => {
    delete process.env['DISPATCH_RELAY'];
  });

  const isRelayed = async (relay: boolean): Promise<boolean> => {
    const { transactions: door, dispatcher, outbox } = await startShop({ relay });
    await door.run(() => dispatcher.send(new Ship('a')));
    await delay(20);
    return (await outbox.check()).waiting === 0;
  };

  it('comes before the option', async () => {
    process.env['DISPATCH_RELAY'] = 'off';
    expect(await isRelayed(true)).toBe(false);
    process.env['DISPATCH_RELAY'] = 'on';
    expect(await isRelayed(false)).toBe(true);
    process.env['DISPATCH_RELAY'] = '';
    expect(await isRelayed(false)).toBe(false);
  });

  it('is told of where it is neither', async () => {
    process.env['DISPATCH_RELAY'] = 'no';
    const mistakes = await mistakesOf({ options: { queue: backend(), transactions, outbox: true } });
    expect(mistakes).toMatchObject([{ text: 'The environment variable DISPATCH_RELAY is "no", not on or off.' }]);
  });
});

describe('options of inMemoryOutbox()', () => {
  it.each<[unknown, string]>([
    [{ maxMessages: 0 }, 'maxMessages is 0, not a whole number from 1'],
    [{ max: 1 }, 'it has the unknown option "max"'],
    [null, 'they are null: give an object'],
  ])('%j are refused', (options, text) => {
    expect(() => inMemoryOutbox(options as object)).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_QUEUE_OPTIONS',
        message: expect.stringContaining(text) as unknown,
      }),
    );
  });
});
