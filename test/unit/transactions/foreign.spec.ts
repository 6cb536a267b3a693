import { describe, expect, it } from '@jest/globals';

import { Transactions } from '../../../lib/transactions/transactions.js';

interface Client {
  readonly name: string;
}

const OURS: Client = { name: 'ours' };
const THEIRS: Client = { name: 'theirs' };

/** A scope whose owner may begin a transaction by other means. */
function make() {
  let active: Client | undefined;
  const scope = {
    current: () => active,
    handleOf: ({ name }: Client) => `handle of ${name}`,
    run: async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
      active = OURS;
      return work(OURS).finally(() => (active = undefined));
    },
  };
  return { transactions: new Transactions(scope, () => undefined), begin: (client?: Client) => (active = client) };
}

describe('a transaction that was begun by other means', () => {
  it('is joined, and has a handle, but no end that anybody could wait for', async () => {
    const { transactions, begin } = make();
    begin(THEIRS);
    await transactions.run(async (transaction) => {
      expect(transaction).toMatchObject({ client: THEIRS, handle: 'handle of theirs', isForeign: true });
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
      begin(THEIRS);
      const theirs = transactions.current;
      expect(theirs).toMatchObject({ client: THEIRS, isForeign: true });
      expect(transactions.current).toBe(theirs);
      begin();
      expect(transactions.current).toBeUndefined();
      begin(OURS);
      expect(transactions.current).toBe(ours);
    });
  });
});
