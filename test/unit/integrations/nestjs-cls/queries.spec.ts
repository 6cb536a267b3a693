import { describe, expect, it } from '@jest/globals';
import {
  clsTransactions,
  drizzleQueries,
  kyselyQueries,
  prismaQueries,
  typeOrmQueries,
} from 'nestjs-dispatch/nestjs-cls';

const TEXT = 'INSERT INTO t VALUES ($2, $1::int) RETURNING 1';
const ROWS = [{ '?column?': 1 }];

describe('statements of stores', () => {
  it('reach Prisma with their values behind them, and levels in its own words', async () => {
    const asked: unknown[] = [];
    const $queryRawUnsafe = async (...args: unknown[]) => (asked.push(...args), ROWS);
    expect(await prismaQueries.query({ $queryRawUnsafe }, TEXT, [7, 'x'])).toEqual({ rows: ROWS });
    expect(asked).toEqual([TEXT, 7, 'x']);
    expect(prismaQueries.optionsOf('repeatable read')).toEqual({ isolationLevel: 'RepeatableRead' });
  });

  it('reach the query runner of TypeORM, which is asked for a structure, and are refused without one', async () => {
    const asked: unknown[] = [];
    const query = async (...args: unknown[]) => (asked.push(...args), { records: ROWS });
    expect(await typeOrmQueries.query({ queryRunner: { query } }, TEXT, [7, 'x'])).toEqual({ rows: ROWS });
    expect(asked).toEqual([TEXT, [7, 'x'], true]);
    expect(typeOrmQueries.optionsOf('serializable')).toEqual({ isolationLevel: 'SERIALIZABLE' });
    await expect(typeOrmQueries.query({}, TEXT, [])).rejects.toThrow('no query runner');
  });

  it('reach Kysely as compiled queries', async () => {
    const raw = (text: string, values: unknown[]) => ({ text, values });
    const queries = kyselyQueries({ raw });
    const executeQuery = async (compiled: unknown) => ({ rows: [compiled] });
    expect(await queries.query({ executeQuery }, TEXT, [7, 'x'])).toEqual({ rows: [{ text: TEXT, values: [7, 'x'] }] });
    expect(queries.optionsOf('serializable')).toEqual({ isolationLevel: 'serializable' });
  });

  it('reach Drizzle in parts, each parameter in its place', async () => {
    const sql = {
      raw: (text: string): unknown => text,
      param: (value: unknown) => ({ value }),
      join: (chunks: never[]): unknown => chunks,
    };
    const queries = drizzleQueries(sql);
    const asked: unknown[] = [];
    const execute = async (query: unknown) => (asked.push(query), { rows: ROWS });
    expect(await queries.query({ execute }, TEXT, [7, 'x'])).toEqual({ rows: ROWS });
    expect(asked).toEqual([['INSERT INTO t VALUES (', { value: 'x' }, ', ', { value: 7 }, '::int) RETURNING 1']]);
    expect(queries.optionsOf('read committed')).toEqual({ isolationLevel: 'read committed' });
  });
});

describe('a scope of a host', () => {
  it('asks for it when it is needed, and not before', async () => {
    const tx = { $queryRawUnsafe: async () => ROWS };
    const given: unknown[] = [];
    let asked = 0;
    const host = {
      tx,
      isTransactionActive: () => false,
      withTransaction: <R>(options: never, work: () => Promise<R>): Promise<R> => (given.push(options), work()),
    };
    const scope = clsTransactions({ host: () => ((asked += 1), host), queries: prismaQueries });
    expect([asked, scope.current?.()]).toEqual([0, undefined]);
    expect(await scope.run((client) => Promise.resolve(client), { isolation: 'serializable' })).toBe(tx);
    expect(given).toEqual([{ isolationLevel: 'Serializable' }]);
  });
});
