import { describe, expect, it } from '@jest/globals';
import { Idempotent, memoryIdempotency, Query } from 'nestjs-dispatch';

import { mistakesOf, rejectionOf } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';
import { queryHandler } from '../../dispatcher/handlers.js';
import { ChargeCard, changedStore, startCharging } from './charging.js';

class ListCharges extends Query<string[]> {}

const down = (): Promise<never> => Promise.reject(new Error('the store is down'));
const long = 60_000;

describe('a store that fails', () => {
  it('keeps the handler from running where nothing is known, and the next message is handled', async () => {
    const memory = memoryIdempotency();
    let isDown = true;
    const store = changedStore(memory, { claim: (claim) => (isDown ? down() : memory.claim(claim)) });
    const { dispatcher, runs, begun } = await startCharging({}, { options: { idempotency: { store } } });
    const error = await rejectionOf(dispatcher.execute(new ChargeCard('7')));
    expect(error).toMatchObject({ code: 'DISPATCH_IDEMPOTENCY_UNAVAILABLE', cause: new Error('the store is down') });
    expect(runs).toHaveLength(0);
    isDown = false;
    const next = dispatcher.execute(new ChargeCard('7'));
    (await begun(0)).end.resolve('paid');
    expect(await next).toBe('paid');
  });

  it('does not take the result from a caller whose handler has run, and is logged', async () => {
    const store = changedStore(memoryIdempotency(), { complete: down });
    const { dispatcher, begun, log } = await startCharging({}, { options: { idempotency: { store } } });
    const first = dispatcher.execute(new ChargeCard('7'), { id: 'm1' });
    (await begun(0)).end.resolve('paid');
    expect(await first).toBe('paid');
    expect(log.lines).toEqual([
      'warn Could not keep the result of ChargeCardHandler, for "ChargeCard" (m1): the store is down',
    ]);
  });

  it('leaves the handler its own error, and is logged', async () => {
    const store = changedStore(memoryIdempotency(), { release: down });
    const { dispatcher, begun, log } = await startCharging({}, { options: { idempotency: { store } } });
    const first = rejectionOf(dispatcher.execute(new ChargeCard('7')));
    (await begun(0)).end.reject(new RangeError('declined'));
    expect(await first).toMatchObject({ message: 'declined' });
    expect(log.lines).toEqual([expect.stringContaining('Could not free the key of ChargeCardHandler')]);
  });

  it('does not stop a handler whose lock it cannot renew, and is logged', async () => {
    const asked = deferred();
    const renew = () => {
      asked.resolve();
      return down();
    };
    const store = changedStore(memoryIdempotency(), { renew });
    const { dispatcher, begun, log } = await startCharging({ lockMs: 10 }, { options: { idempotency: { store } } });
    const first = dispatcher.execute(new ChargeCard('7'));
    const { context, end } = await begun(0);
    await asked.promise;
    end.resolve('paid');
    expect(await first).toBe('paid');
    expect(context.signal.aborted).toBe(false);
    expect(log.lines[0]).toContain('Could not renew the lock of ChargeCardHandler');
  });
});

describe('the lock of a running call', () => {
  it('is renewed until the handler is done', async () => {
    const { dispatcher, runs, begun } = await startCharging({ lockMs: 60, waitMs: 200 });
    const first = dispatcher.execute(new ChargeCard('7'));
    const { end } = await begun(0);
    const second = await rejectionOf(dispatcher.execute(new ChargeCard('7')));
    expect(second).toMatchObject({ code: 'DISPATCH_IDEMPOTENCY_TIMEOUT' });
    end.resolve('paid');
    expect(await first).toBe('paid');
    expect(runs).toHaveLength(1);
  });

  it('tells a handler that has lost it to stop, and its result is not kept', async () => {
    const memory = memoryIdempotency();
    // Another process has the key from the first renewal on.
    const store = changedStore(memory, {
      async renew(key, token) {
        await memory.release(key, token);
        await memory.claim({ key, token: 'another process', lockMs: long, isWaiting: false });
        return memory.renew(key, token, long);
      },
    });
    const options = { idempotency: { store } };
    const { dispatcher, begun } = await startCharging({ lockMs: 10, waitMs: 0 }, { options });
    const first = rejectionOf(dispatcher.execute(new ChargeCard('7')));
    const { context, end } = await begun(0);
    const stopped = deferred();
    context.signal.addEventListener('abort', () => stopped.resolve());
    await stopped.promise;
    expect(context.signal.reason).toMatchObject({ code: 'DISPATCH_IDEMPOTENCY_LOCK_LOST', lockMs: 10 });
    end.resolve('paid twice');
    expect(await first).toMatchObject({ code: 'DISPATCH_IDEMPOTENCY_LOCK_LOST' });
    const second = await rejectionOf(dispatcher.execute(new ChargeCard('7')));
    expect(second).toMatchObject({ code: 'DISPATCH_IDEMPOTENCY_TIMEOUT' });
  });

  it('is renewed no more once the application has closed, which closes the store once', async () => {
    const memory = memoryIdempotency();
    let [closed, renewed] = [0, 0];
    const store = changedStore(memory, {
      async renew() {
        if (closed > 0) renewed += 1;
        return true;
      },
      async close() {
        closed += 1;
      },
    });
    const options = { idempotency: { store }, drainTimeoutMs: 0 };
    const { app, dispatcher, begun } = await startCharging({ lockMs: 10 }, { options });
    const first = dispatcher.execute(new ChargeCard('7'));
    const { end } = await begun(0);
    await app.close();
    await new Promise((resolve) => {
      setTimeout(resolve, 30);
    });
    expect([closed, renewed]).toEqual([1, 0]);
    end.resolve('paid');
    expect(await first).toBe('paid');
  });
});

describe('a result that cannot be kept', () => {
  it('is an error for every caller, and the handler does not run again', async () => {
    const { dispatcher, runs, begun } = await startCharging();
    const first = rejectionOf(dispatcher.execute(new ChargeCard('7')));
    (await begun(0)).end.resolve({ callback: () => 'a function' });
    expect(await first).toMatchObject({ code: 'DISPATCH_UNSERIALIZABLE_MESSAGE' });
    const second = await rejectionOf(dispatcher.execute(new ChargeCard('7')));
    expect(second).toMatchObject({ code: 'DISPATCH_UNSERIALIZABLE_MESSAGE' });
    expect(runs).toHaveLength(1);
  });

  it('may also be one that is too large', async () => {
    const { dispatcher, begun } = await startCharging({}, { options: { maxPayloadBytes: 10 } });
    const first = rejectionOf(dispatcher.execute(new ChargeCard('7')));
    (await begun(0)).end.resolve('x'.repeat(20));
    expect(await first).toMatchObject({ code: 'DISPATCH_MESSAGE_TOO_LARGE' });
  });
});

describe('a key that cannot be', () => {
  it.each([
    ['empty', () => '', 'a text of 0 characters'],
    ['too long', () => 'x'.repeat(1025), 'a text of 1025 characters'],
    ['no text', () => 7, 'a number'],
    ['a promise', async () => 'key', 'an object'],
  ])('is refused: %s', async (_title, key, text) => {
    const { dispatcher, runs } = await startCharging({ key: key as () => string });
    const error = await rejectionOf(dispatcher.execute(new ChargeCard('7')));
    expect(error).toMatchObject({ code: 'DISPATCH_INVALID_IDEMPOTENCY_KEY', message: expect.stringContaining(text) });
    expect(runs).toHaveLength(0);
  });

  it('is the error of the function where that throws', async () => {
    const key = () => {
      throw new RangeError('no order');
    };
    const { dispatcher } = await startCharging({ key });
    expect(await rejectionOf(dispatcher.execute(new ChargeCard('7')))).toMatchObject({ message: 'no order' });
  });
});

describe('a mistake with idempotency', () => {
  it.each<[string, object]>([
    ['ttlMs', { ttlMs: 0 }],
    ['lockMs', { lockMs: 9 }],
    ['waitMs', { waitMs: -1 }],
    ['key', { key: 'orderId' }],
    ['keys', { keys: 1 }],
  ])('is told at bootstrap: %s of a handler', async (name, options) => {
    const error = await rejectionOf(startCharging(options));
    expect(error).toMatchObject({
      mistakes: [{ rule: 'invalid-options', text: expect.stringContaining(`"${name}"`) }],
    });
  });

  it.each<[string, unknown]>([
    ['store', { store: {} }],
    ['waitMs', { waitMs: 'long' }],
    ['object', 'memory'],
  ])('is told at bootstrap: %s of the module', async (name, idempotency) => {
    const mistakes = await mistakesOf({ options: { idempotency: idempotency as object } });
    expect(mistakes).toEqual([{ rule: 'invalid-options', text: expect.stringContaining(name) }]);
    expect(mistakes[0]?.text).toContain('The option "idempotency" of DispatchModule');
  });

  it('is told at bootstrap: a handler of queries', async () => {
    const handler = queryHandler(ListCharges, () => []);
    Idempotent()(handler);
    expect(await mistakesOf({ providers: [handler] })).toEqual([
      { rule: 'invalid-options', text: expect.stringContaining('ListChargesHandler') },
    ]);
  });

  it.each([0, 1.5, Number.NaN])('is refused by the store in memory: maxEntries %d', (maxEntries) => {
    expect(() => memoryIdempotency({ maxEntries })).toThrow(
      expect.objectContaining({ code: 'DISPATCH_INVALID_IDEMPOTENCY_OPTIONS' }),
    );
  });
});

describe('the store in memory', () => {
  it('forgets the oldest outcomes where there are more than it keeps, and never what runs', async () => {
    const store = memoryIdempotency({ maxEntries: 2 });
    const claim = (key: string) => store.claim({ key, token: 'second', lockMs: long, isWaiting: false });
    for (const key of ['running', 'a', 'b', 'c']) {
      await store.claim({ key, token: 'first', lockMs: long, isWaiting: false });
      if (key !== 'running') await store.complete(key, 'first', key, long);
    }
    expect(await claim('running')).toEqual({ status: 'running' });
    expect(await claim('b')).toEqual({ status: 'completed', outcome: 'b' });
    expect(await claim('c')).toEqual({ status: 'completed', outcome: 'c' });
    expect(await claim('a')).toEqual({ status: 'claimed' });
  });
});
