import { describe, expect, it } from '@jest/globals';

import { rejectionOf } from '../../../unit/dispatcher/application.js';
import { freshSchema, SHARED } from '../fresh-schema.js';
import { postgresEventStore } from 'nestjs-dispatch/postgres';
import { duration } from '../../bullmq/instance.js';
import { append, begin, events, names, openIn, openStore } from './event-bench.js';

const PAGE = { from: 1, to: 9, direction: 'forwards', limit: 9 } as const;

describe('appends that are asked for at the same time', () => {
  it('all fail in time where a transaction that stays open holds their stream', async () => {
    const { store } = await openStore({ commandTimeoutMs: 500 });
    const holder = await begin();
    await append(store, '1', holder);
    const waiting = Promise.allSettled(Array.from({ length: 10 }, () => append(store, '1')));
    expect(await duration(waiting)).toBeLessThan(2000);
    for (const outcome of await waiting) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'DISPATCH_POSTGRES_UNAVAILABLE' } });
    }
    await holder.query('COMMIT');
    expect(await append(store, '1')).toMatchObject({ version: 2 });
  });

  it('are written by few statements, each with its own result', async () => {
    const { schema, pool, store } = await openStore();
    const streams = Array.from({ length: 300 }, (_, index) => `order-${index}`);
    const results = await Promise.all(
      streams.map((stream, index) =>
        store.append(stream, events(...Array.from({ length: (index % 3) + 1 }, () => stream)), { expectedVersion: 0 }),
      ),
    );
    expect(results.map(({ version }) => version)).toEqual(streams.map((_stream, index) => (index % 3) + 1));
    for (const [index, stream] of streams.entries()) {
      const page = await store.readStreamPage(stream, PAGE);
      expect(page.at(-1)).toMatchObject({ position: results[index]?.position, version: results[index]?.version });
    }
    const { rows } = await pool.query<{ count: string }>(
      `SELECT count(DISTINCT xmin::text) AS count FROM "${schema}".dispatch_events`,
    );
    expect(Number(rows[0]?.count)).toBeLessThan(8);
  });

  it('of one stream are done in the order of the calls, whatever they expect', async () => {
    const { store } = await openStore();
    const list = ['a', 'b', 'c', 'd', 'e'] as const;
    const appends = list.map((name, index) =>
      store.append('order-1', events(name), { expectedVersion: index === 2 ? 7 : index < 3 ? index : 'any' }),
    );
    const outcomes = await Promise.allSettled(appends);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect((await store.readStreamPage('order-1', PAGE)).map(({ name }) => name)).toEqual(['a', 'b', 'd', 'e']);
  });

  it('fail one by one: neither a conflict, a closed stream nor what the server does not take concerns the others', async () => {
    const { store } = await openStore();
    await append(store, 'taken');
    await append(store, 'archived');
    await store.archive('order-archived');
    await append(store, 'deleted');
    await store.delete('order-deleted');
    const outcomes = await Promise.allSettled([
      append(store, 'one'),
      append(store, 'taken', undefined, 'none'),
      append(store, 'archived'),
      append(store, 'deleted'),
      store.append('order-wrong', events('with \0'), { expectedVersion: 'none' }),
      store.append('order-round', [{ ...events('round')[0], metadata: circular() } as never], { expectedVersion: 0 }),
      append(store, 'two'),
    ]);
    const codes = outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? outcome.value.version : (Object(outcome.reason).code ?? outcome.reason.name),
    );
    const closed = ['DISPATCH_STREAM_ARCHIVED', 'DISPATCH_STREAM_DELETED'];
    expect(codes).toEqual([1, 'DISPATCH_CONCURRENCY', ...closed, '22021', 'TypeError', 1]);
    expect((await names(store)).toSorted()).toEqual(['archived', 'one', 'taken', 'two']);
    expect((await append(store, 'taken', undefined, 1)).version).toBe(2);
  });

  it('do not wait for one whose stream is locked by a transaction; that waits, and sees what has become of it', async () => {
    const { store } = await openStore();
    const holder = await begin();
    await append(store, 'held', holder);
    const waiting = [append(store, 'held', undefined, 'none'), append(store, 'held', undefined, 1)];
    const [conflict, next] = [rejectionOf(waiting[0] as Promise<unknown>), waiting[1]];
    expect(await Promise.all([append(store, 'one'), append(store, 'two')])).toMatchObject([
      { version: 1 },
      { version: 1 },
    ]);
    await holder.query('COMMIT');
    expect(await conflict).toMatchObject({ code: 'DISPATCH_CONCURRENCY', actual: 1 });
    expect(await next).toMatchObject({ version: 2 });
  });

  it('fail when a transaction holds their stream for too long, and are not done later', async () => {
    const { store } = await openStore({ commandTimeoutMs: 400 });
    const holder = await begin();
    await append(store, 'held', holder);
    const late = await rejectionOf(append(store, 'held'));
    expect(late).toMatchObject({ code: 'DISPATCH_POSTGRES_UNAVAILABLE', cause: { code: '55P03' } });
    await holder.query('COMMIT');
    expect((await append(store, 'held', undefined, 1)).version).toBe(2);
    expect(await names(store)).toEqual(['held', 'held']);
  });

  it('are finished before the store closes', async () => {
    const { schema } = await openStore();
    const store = await openIn(schema);
    const appends = Promise.all([append(store, 'one'), append(store, 'two')]);
    await store.close?.();
    expect(await appends).toMatchObject([{ version: 1 }, { version: 1 }]);
  });
});

describe('an append in a transaction of the caller', () => {
  it('is seen in it at once, and by others when it commits', async () => {
    const { store } = await openStore();
    const transaction = await begin();
    expect(await store.append('order-1', events('a', 'b'), { expectedVersion: 'none', transaction })).toMatchObject({
      version: 2,
    });
    expect(await store.append('order-1', events('c'), { expectedVersion: 2, transaction })).toMatchObject({
      version: 3,
    });
    const inside = await store.readStreamPage('order-1', { ...PAGE, transaction });
    expect(inside.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(await store.readStreamPage('order-1', PAGE)).toEqual([]);
    expect(await store.streamFacts('order-1')).toBeUndefined();
    await transaction.query('COMMIT');
    expect(await store.readStreamPage('order-1', PAGE)).toEqual(inside);
  });

  it('leaves nothing behind where it rolls back, and the version is free again', async () => {
    const { store } = await openStore();
    const transaction = await begin();
    await append(store, 'undone', transaction);
    await transaction.query('ROLLBACK');
    expect((await append(store, 'undone', undefined, 'none')).version).toBe(1);
  });

  it('that is refused leaves the transaction usable', async () => {
    const { store } = await openStore();
    await append(store, 'there');
    const transaction = await begin();
    const refusal = { code: 'DISPATCH_CONCURRENCY', expected: 'none', actual: 1 };
    expect(await rejectionOf(append(store, 'there', transaction, 'none'))).toMatchObject(refusal);
    await append(store, 'other', transaction);
    await transaction.query('COMMIT');
    expect(await names(store)).toEqual(['there', 'other']);
  });

  it('is refused where it is no transaction of Postgres', async () => {
    const { store } = await openStore();
    const code = 'DISPATCH_FOREIGN_TRANSACTION';
    expect(await rejectionOf(append(store, 'a', {} as never))).toMatchObject({ code });
    expect(await rejectionOf(store.readStreamPage('a-1', { ...PAGE, transaction: {} as never }))).toMatchObject({
      code,
    });
  });

  it('never has two winners with others that expect the same version', async () => {
    const { store } = await openStore();
    const transactions = await Promise.all(Array.from({ length: 4 }, () => begin()));
    const inside = transactions.map(async (transaction) => {
      const appended = await append(store, 'contested', transaction, 'none').then(
        () => 1,
        () => 0,
      );
      await transaction.query('COMMIT');
      return appended;
    });
    const outside = Array.from({ length: 4 }, () =>
      append(store, 'contested', undefined, 'none').then(
        () => 1,
        () => 0,
      ),
    );
    const wins = await Promise.all([...inside, ...outside]);
    expect(wins.reduce((sum, win) => sum + win, 0)).toBe(1);
    expect(await names(store)).toEqual(['contested']);
  });
});

describe('tables of events', () => {
  it('that are missing fail every use with what to do, until they are there', async () => {
    const { schema } = freshSchema();
    const store = postgresEventStore({ connection: SHARED, schema });
    const missing = { code: 'DISPATCH_POSTGRES_TABLES', feature: 'event-store' };
    expect(await rejectionOf(Promise.resolve(store.open?.()))).toMatchObject(missing);
    const [first, second] = [append(store, 'one'), append(store, 'two')].map(rejectionOf);
    expect([await first, await second]).toMatchObject([missing, missing]);
    expect(await rejectionOf(store.lastPosition())).toMatchObject(missing);
    await openIn(schema);
    expect((await append(store, 'one', undefined, 'none')).version).toBe(1);
    await store.close?.();
  });

  it('are refused with wrong options, all of them in one error', () => {
    const wrong = { notifications: 'yes', preparedStatements: 1, schema: 'a"b', other: 1 } as never;
    expect(() => postgresEventStore(wrong)).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_POSTGRES_OPTIONS',
        problems: Array.from({ length: 4 }, () => expect.any(String) as unknown),
      }),
    );
  });
});

describe('a store without prepared statements and notifications', () => {
  it('keeps nothing in its connections, and says that it cannot be watched', async () => {
    const { store } = await openStore({ preparedStatements: false, notifications: false });
    expect(store.watch).toBeUndefined();
    await Promise.all([append(store, 'one'), append(store, 'two')]);
    await append(store, 'three');
    expect(await names(store)).toEqual(['one', 'two', 'three']);
  });
});

function circular(): object {
  const metadata: Record<string, unknown> = {};
  metadata['self'] = metadata;
  return metadata;
}
