import { describe, expect, it } from '@jest/globals';
import {
  CommitUncertainError,
  inMemoryTransactions,
  ProjectionEventParkedNotification,
  ProjectionSwitchedNotification,
  type MemoryTransaction,
  type TransactionScope,
} from 'nestjs-dispatch';

import { LineAdded } from '../event-store/shop.js';
import { collect } from '../run-modes/queued-application.js';
import { Ledger, startProjected, until } from './ledger.js';

/** Transactions in memory that are committed, and then told to have failed, as often as `lost` says. */
function losing(errorOf: () => Error) {
  const inner = inMemoryTransactions();
  const counts = { lost: 0 };
  const scope: TransactionScope<MemoryTransaction> = {
    ...inner,
    run: async (work, options) => {
      const result = await inner.run(work, options);
      if (counts.lost === 0) return result;
      counts.lost -= 1;
      throw errorOf();
    },
  };
  return { counts, options: { transactions: { scope } } };
}

const lines = (...quantities: number[]) => quantities.map((quantity) => new LineAdded(quantity));

describe.each([
  ['says so', () => new CommitUncertainError({ cause: new Error('cut off') })],
  ['says what the driver did', () => new Error('Connection terminated')],
])('a projection whose commit happened, and whose answer was lost, where the scope %s', (_what, errorOf) => {
  it('writes the events of the batch once', async () => {
    const { counts, options } = losing(errorOf);
    const shop = await startProjected({ options, projection: { retries: 1 } });
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(1)));
    counts.lost = 1;
    await shop.append('order-1', ...lines(2, 3));
    await until('the lost answer', () => counts.lost === 0);
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(4)));
    expect(shop.ledger.entries['blue']).toEqual(['order-1 1 1', 'order-1 2 2', 'order-1 3 3', 'order-1 4 4']);
  });

  it('has switched, where it was rebuilt: the rebuild says so, and drops the old target', async () => {
    const { counts, options } = losing(errorOf);
    const ledger = new Ledger();
    const shop = await startProjected({ ledger, options });
    const switched = collect(shop, ProjectionSwitchedNotification);
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(1, 2)));
    const told: string[] = [];
    ledger.told.push = (text: string) => {
      if (text.startsWith('promote')) counts.lost = 1;
      return told.unshift(text);
    };
    expect(await shop.projections.rebuild('ledger')).toEqual({ target: 'green', position: 2 });
    expect(told).toEqual(['drop blue', 'promote green', 'prepare green']);
    await until('the notification', () => switched.length === 1);
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(3)));
    expect(ledger.entries['green']).toEqual(['order-1 1 1', 'order-1 2 2', 'order-1 3 3']);
  });
});

describe('a projection whose commit of events of a parked stream happened, and whose answer was lost', () => {
  it('tells of each of them', async () => {
    const { counts, options } = losing(() => new Error('Connection terminated'));
    const ledger = new Ledger();
    ledger.onEvent = () => {
      throw new Error('poison');
    };
    const projection = { retries: 0, onFailure: 'parkStream' } as const;
    const shop = await startProjected({ ledger, options, projection });
    const told = collect(shop, ProjectionEventParkedNotification);
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(1)));
    counts.lost = 1;
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(2, 3)));
    expect(counts.lost).toBe(0);
    await until('the notifications', () => told.length === 3);
    expect(told.map(({ event }) => event.version)).toEqual([1, 2, 3]);
  });
});

describe('a projection whose commit of a parked event happened, and whose answer was lost', () => {
  it('parks it no more', async () => {
    const { counts, options } = losing(() => new CommitUncertainError({ cause: new Error('cut off') }));
    const ledger = new Ledger();
    ledger.onEvent = () => {
      throw new Error('poison');
    };
    const projection = { retries: 0, onFailure: 'parkEvent' } as const;
    const shop = await startProjected({ ledger, options, projection });
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(1)));
    ledger.onEvent = undefined;
    counts.lost = 1;
    await shop.projections.retryParked('ledger');
    await until('the lost answer', () => counts.lost === 0);
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(2)));
    expect(ledger.entries['blue']).toEqual(['order-1 1 1', 'order-1 2 2']);
    expect(await shop.projections.list()).toMatchObject([{ parkedCount: 0 }]);
  });
});
