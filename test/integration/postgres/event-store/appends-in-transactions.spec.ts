import { describe, expect, it } from '@jest/globals';

import { append, begin, events, openStore } from './event-bench.js';

describe('an append in a transaction whose caller goes on with the events', () => {
  it('gives them as the stream has them, also where others have taken positions between theirs', async () => {
    const { store } = await openStore();
    await append(store, '1');
    const transaction = await begin();
    const given = events('a', 'b', 'c').map((event) => ({ ...event, metadata: { correlationId: 'c', tenant: 'ü' } }));
    const options = { expectedVersion: 1, transaction, returnsEvents: true } as const;
    const [result] = await Promise.all([
      store.append('order-1', given, options),
      append(store, '2'),
      append(store, '3'),
    ]);
    const query = { from: 2, to: 9, direction: 'forwards', limit: 9, transaction } as const;
    expect(result.events).toEqual(await store.readStreamPage('order-1', query));
    expect(result.events).toHaveLength(3);
    await transaction.query('ROLLBACK');
  });

  it('gives none where it does not say so', async () => {
    const { store } = await openStore();
    expect(await append(store, '1', await begin())).toEqual({ version: 1, position: expect.any(Number) });
  });
});

describe('the statement of an append in a transaction', () => {
  it.each([
    ['is kept by the server', true],
    ['is not kept where the store is told so', false],
  ])('%s', async (_title, preparedStatements) => {
    const { store } = await openStore({ preparedStatements });
    const transaction = await begin();
    await append(store, '1', transaction);
    const { rows } = await transaction.query('SELECT name FROM pg_prepared_statements');
    expect(rows).toHaveLength(preparedStatements ? 1 : 0);
  });
});
