import { describe, expect, it } from '@jest/globals';
import type { ExpectedVersion } from 'nestjs-dispatch';

import { rejectionOf } from '../../../unit/dispatcher/application.js';
import { append, begin, events, names, openStore } from './event-bench.js';

describe.each(['REPEATABLE READ', 'SERIALIZABLE'])('an append in a transaction that is %s', (isolation) => {
  it.each<[string, ExpectedVersion]>([
    ['the version it has read', 1],
    ['any version', 'any'],
    ['one that exists', 'exists'],
  ])(
    'fails with an error of its own where somebody has appended since its begin, expecting %s',
    async (_what, expected) => {
      const { store } = await openStore();
      await append(store, 'one');
      const late = await begin(isolation);
      await store.readStreamPage('order-one', { from: 1, to: 9, direction: 'forwards', limit: 9, transaction: late });
      await append(store, 'one');
      const error = await rejectionOf(append(store, 'one', late, expected));
      expect(error).toMatchObject({ code: 'DISPATCH_TRANSACTION_CONFLICT', stream: 'order-one' });
      await late.query('ROLLBACK');
      const next = await begin(isolation);
      await append(store, 'one', next, 2);
      await next.query('COMMIT');
      expect(await names(store)).toEqual(['one', 'one', 'one']);
    },
  );

  it('fails so where a new stream has been begun by somebody else', async () => {
    const { store } = await openStore();
    const late = await begin(isolation);
    await late.query('SELECT 1');
    await append(store, 'one');
    const error = await rejectionOf(append(store, 'one', late, 'none'));
    expect(error).toMatchObject({ code: 'DISPATCH_TRANSACTION_CONFLICT', stream: 'order-one' });
  });
});

describe('two transactions that append to the same streams in different order', () => {
  it('end with one that is committed, and one that is told to begin again', async () => {
    const { store } = await openStore();
    const [one, other] = [await begin(), await begin()];
    await append(store, 'a', one);
    await append(store, 'b', other);
    const appendTo = async (name: string, transaction: typeof one): Promise<void> => {
      try {
        await append(store, name, transaction);
      } finally {
        // That of one that has failed is a rollback.
        await transaction.query('COMMIT');
      }
    };
    const outcomes = await Promise.allSettled([appendTo('b', one), appendTo('a', other)]);
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    expect(failed).toMatchObject([{ reason: { code: 'DISPATCH_TRANSACTION_CONFLICT', cause: { code: '40P01' } } }]);
    expect(await names(store)).toHaveLength(2);
  });
});

describe('an append that the server refuses for another reason', () => {
  it('fails with what the server says', async () => {
    const { store } = await openStore();
    const transaction = await begin();
    const [event] = events('one');
    if (event === undefined) throw new Error('there is one');
    const broken = store.append('order-one', [{ ...event, schemaVersion: 2 ** 40 }], {
      expectedVersion: 'any',
      transaction,
    });
    expect(await rejectionOf(broken)).toMatchObject({ code: '22003' });
  });
});
