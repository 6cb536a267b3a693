import { describe, expect, it } from '@jest/globals';

import { Transactions } from '../../../lib/transactions/transactions.js';

/** A scope whose owner may begin a transaction by other means. */
function make() {
  let active: string | undefined;
  const scope = {
    current: () => active,
    handleOf: (client: string) => `handle of ${client}`,
    run: async <T>(work: (client: string) => Promise<T>): Promise<T> => {
      active = 'ours';
      return work('ours').finally(() => (active = undefined));
    },
  };
  return { transactions: new Transactions(scope, () => undefined), begin: (client?: string) => (active = client) };
}

describe('a transaction that was begun by other means', () => {
  it('is joined, and has a handle, but no end that anybody could wait for', async () => {
    const { transactions, begin } = make();
    begin('theirs');
    await transactions.run(async (transaction) => {
      expect(transaction).toMatchObject({ client: 'theirs', handle: 'handle of theirs', isForeign: true });
      for (const hook of ['beforeCommit', 'afterCommit', 'afterRollback'] as const) {
        expect(() => transaction[hook](() => undefined)).toThrow(
          expect.objectContaining({ code: 'DISPATCH_FOREIGN_TRANSACTION_END' }),
        );
      }
    });
    begin();
    expect(transactions.current).toBeUndefined();
  });

  it('within one of ours comes first, and ours again after it', async () => {
    const { transactions, begin } = make();
    await transactions.run(async (ours) => {
      expect(transactions.current).toBe(ours);
      begin('theirs');
      expect(transactions.current).toMatchObject({ client: 'theirs', isForeign: true });
      begin();
      expect(transactions.current).toBeUndefined();
      begin('ours');
      expect(transactions.current).toBe(ours);
    });
  });
});
