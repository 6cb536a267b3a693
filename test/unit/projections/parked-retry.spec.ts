import { describe, expect, it } from '@jest/globals';

import { deferred } from '../dispatcher/deferred.js';
import { LineAdded } from '../event-store/shop.js';
import { Ledger, startProjected, until } from './ledger.js';

const lines = (count: number) => Array.from({ length: count }, (_, index) => new LineAdded(index + 1));

describe('parked events that are given up', () => {
  it.each([
    ['with transactions', true],
    ['without transactions', false],
  ])('leave no stream parked for the next event, however soon it comes, %s', async (_what, isTransactional) => {
    const ledger = new Ledger();
    ledger.onEvent = (_event, { version }) => {
      if (version === 1) throw new Error('poison');
    };
    const shop = await startProjected({
      ...{ ledger, isTransactional, projection: { retries: 0, onFailure: 'parkStream' } },
      projected: { pollMs: 60_000, leaseMs: 60_000 },
    });
    const { projections, append } = shop;
    await projections.whenCaughtUp('ledger', await append('order-1', ...lines(2)));
    expect(await projections.discardParked('ledger', { stream: 'order-1' })).toBe(2);
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(3)));
    expect(ledger.entries['blue']).toEqual(['order-1 3 3']);
    expect(await projections.list()).toMatchObject([{ parkedCount: 0 }]);
  });
});

describe('parked events that are tried again', () => {
  it('are tried once each where a stream has more of them than are fetched at once and fails again', async () => {
    const ledger = new Ledger();
    const attempts: number[] = [];
    ledger.onEvent = (event) => {
      attempts.push((event as LineAdded).quantity);
      throw new Error('poison');
    };
    const projection = { retries: 0, onFailure: 'parkStream' } as const;
    const shop = await startProjected({ ledger, projection });
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(250)));
    attempts.length = 0;
    await shop.projections.retryParked('ledger');
    await until('the attempt', () => attempts.length > 0);
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-2', new LineAdded(1000)));
    expect(attempts).toEqual([1, 1000]);
    expect(await shop.projections.list()).toMatchObject([{ parkedCount: 251 }]);
  });

  it('are all written, in their order, where a stream has more of them than are fetched at once', async () => {
    const ledger = new Ledger();
    ledger.onEvent = () => {
      throw new Error('poison');
    };
    const shop = await startProjected({ ledger, projection: { retries: 0, onFailure: 'parkStream' } });
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(250)));
    ledger.onEvent = undefined;
    await shop.projections.retryParked('ledger');
    await until('nothing parked', async () => (await shop.projections.list())[0]?.parkedCount === 0);
    expect(ledger.entries['blue']).toEqual(lines(250).map(({ quantity }) => `order-1 ${quantity} ${quantity}`));
  });

  it('are tried again by the next process where one fails since its own is told to end', async () => {
    const ledger = new Ledger();
    ledger.onEvent = () => {
      throw new Error('poison');
    };
    const first = await startProjected({
      ...{ ledger, projection: { retries: 0, onFailure: 'parkEvent' } },
      options: { drainTimeoutMs: 50 },
    });
    await first.projections.whenCaughtUp('ledger', await first.append('order-1', new LineAdded(1)));
    const begun = deferred();
    ledger.onEvent = (_event, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('told to end')));
        begun.resolve();
      });
    await first.projections.retryParked('ledger');
    await begun.promise;
    await first.app.close();
    ledger.onEvent = undefined;
    const { checkpoints, store } = first;
    const second = await startProjected({ ledger, checkpoints, store });
    await until('nothing parked', async () => (await second.projections.list())[0]?.parkedCount === 0);
    expect(ledger.entries['blue']).toEqual(['order-1 1 1']);
  });
});
