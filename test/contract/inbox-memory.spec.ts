import { describe, expect, it } from '@jest/globals';

import { inMemoryInbox, inMemoryTransactions } from '../../lib/index.js';
import { inboxStoreContract } from '../../lib/testing/index.js';

describe('contract of the inbox in memory', () => {
  const setup = { store: () => inMemoryInbox(), transactions: inMemoryTransactions() };

  it.each(inboxStoreContract(setup))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('an inbox in memory', () => {
  it('refuses a limit that is none', () => {
    const wrong = expect.objectContaining({ code: 'DISPATCH_INVALID_INBOX_OPTIONS' });
    expect(() => inMemoryInbox({ maxEntries: 0 })).toThrow(wrong);
  });

  it('forgets the oldest messages beyond its limit', async () => {
    const [inbox, transactions] = [inMemoryInbox({ maxEntries: 2 }), inMemoryTransactions()];
    const record = (key: string) =>
      transactions.run((transaction) => inbox.record({ key, retentionMs: 60_000 }, transaction), {});
    for (const key of ['1', '2', '3']) expect(await record(key)).toBe(true);
    expect([await record('3'), await record('2')]).toEqual([false, false]);
    expect(await record('1')).toBe(true);
  });
});
