import { describe, expect, it } from '@jest/globals';

import { queryIn } from '../../../../lib/integrations/postgres/connection/postgres-transaction.js';

describe('a statement of a store on Postgres in the transaction of its caller', () => {
  it('is run by that, with its values', async () => {
    const run: unknown[] = [];
    const transaction = {
      query: (...given: unknown[]) => {
        run.push(given);
        return Promise.resolve({ rows: [{ one: 1 }] });
      },
    };
    expect(await queryIn(transaction, 'SELECT $1', ['a'])).toEqual([{ one: 1 }]);
    expect(run).toEqual([['SELECT $1', ['a']]]);
  });

  it.each([undefined, null, 'BEGIN', {}, { query: true }])('is refused where that is %p', async (transaction) => {
    await expect(queryIn(transaction, 'SELECT 1', [])).rejects.toMatchObject({ code: 'DISPATCH_FOREIGN_TRANSACTION' });
  });
});
