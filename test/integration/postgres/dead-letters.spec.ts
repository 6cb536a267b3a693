import { afterEach, describe, expect, it } from '@jest/globals';
import type { DeadLetterStore, KeptDeadLetter } from 'nestjs-dispatch';
import { postgresDeadLetters, type PostgresDeadLettersOptions } from 'nestjs-dispatch/postgres';

import { deadLettersStatements } from '../../../lib/integrations/postgres/dead-letters/dead-letters-sql.js';
import { startPostgres } from '../../services/postgres.js';
import { rejectionOf } from '../../unit/dispatcher/application.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { flawsOf, parkAll, Ship, startLetters } from '../../e2e/run-modes/letters.js';
import { QUEUED_MODES, type Mode } from '../../e2e/run-modes/modes.js';
import { freshSchema, SHARED } from './fresh-schema.js';

const MEMORY = QUEUED_MODES[0] as Mode;
const FAILED = { queue: 'orders', place: 'failed' } as const;

const opened: DeadLetterStore[] = [];

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close?.();
});

function storeIn(schema: string, options: PostgresDeadLettersOptions = {}): DeadLetterStore {
  const store = postgresDeadLetters({ connection: SHARED, schema, migrate: true, ...options });
  opened.push(store);
  return store;
}

function letter(id: string, given: Partial<KeptDeadLetter> = {}): KeptDeadLetter {
  return {
    id,
    ...FAILED,
    label: undefined,
    name: 'orders.place',
    key: undefined,
    data: {},
    handler: undefined,
    error: { name: 'Error', message: 'no', code: undefined, stack: undefined, details: undefined },
    attempts: 1,
    firstFailedAt: new Date(0),
    lastFailedAt: new Date(),
    ...given,
  };
}

describe('dead letters on a Postgres that restarts', () => {
  it('are kept all the same, each once, and come back from it', async () => {
    const postgres = await startPostgres({ durable: true });
    const store = postgresDeadLetters({ connection: postgres.url, migrate: true, commandTimeoutMs: 20_000 });
    const { app, dispatcher, letters, faults } = await startLetters(MEMORY, { options: { deadLetters: { store } } });
    const flaws = Array.from({ length: 20 }, (_, index) => `f${index}`);
    const broken = new Set(flaws);
    for (const flaw of flaws) faults.broken.add(flaw);
    for (const flaw of flaws.slice(0, 10)) await dispatcher.send(new Ship(flaw));
    await until('some to be kept', async () => (await letters.count({})) > 0);
    const restarting = postgres.restart();
    for (const flaw of flaws.slice(10)) await dispatcher.send(new Ship(flaw));
    await restarting;
    await until('all to be kept', async () => (await letters.count({})) === 20);
    expect(new Set(flawsOf((await letters.list({})).letters))).toEqual(broken);
    faults.broken.clear();
    expect(await letters.replay({})).toMatchObject({ matched: 20, replayed: 20, failed: 0 });
    expect(await letters.count({})).toBe(0);
    await app.close();
    await postgres.stop();
  });

  it('wait in their queue while it is away, uncounted', async () => {
    const postgres = await startPostgres({ durable: true });
    const store = postgresDeadLetters({ connection: postgres.url, migrate: true, commandTimeoutMs: 100 });
    const application = await startLetters(MEMORY, {
      options: { deadLetters: { store } },
      settings: { lockMs: 200 },
    });
    const { dispatcher, letters, faults, log } = application;
    faults.broken.add('lorry');
    await postgres.kill('SIGQUIT');
    await dispatcher.send(new Ship('lorry'));
    await until('it to be told', () => JSON.stringify(log).includes('did not answer within 100 ms'));
    expect(await rejectionOf(letters.list({}))).toMatchObject({ code: 'DISPATCH_POSTGRES_UNAVAILABLE' });
    await postgres.restart();
    await until('it to be kept', async () => (await letters.count({}).catch(() => 0)) === 1);
    expect((await letters.list({})).letters).toMatchObject([{ attempts: 1, error: { name: 'CourierError' } }]);
    await application.app.close();
    await postgres.stop();
  });
});

describe('an application with dead letters on Postgres', () => {
  it('does not start where the tables are missing', async () => {
    const store = storeIn(freshSchema().schema, { migrate: false });
    const starting = startLetters(MEMORY, { options: { deadLetters: { store } } });
    expect(await rejectionOf(starting)).toMatchObject({ code: 'DISPATCH_POSTGRES_TABLES', feature: 'dead-letters' });
  });

  it('shows the letters of another one, also when that is closed', async () => {
    const { schema } = freshSchema();
    const start = () => startLetters(MEMORY, { queue: 'shared', options: { deadLetters: { store: storeIn(schema) } } });
    const [one, other] = [await start(), await start()];
    await parkAll(one, ['a']);
    await one.app.close();
    expect(flawsOf((await other.letters.list({})).letters)).toEqual(['a']);
    expect(await other.letters.replay({})).toMatchObject({ replayed: 1 });
    await until('it to be handled there', () => other.faults.begun.length === 1);
  });
});

describe('dead letters on Postgres', () => {
  it('count as gone when they are older than "maxAgeMs", and are deleted, any number of them, and no others', async () => {
    const { schema, pool } = freshSchema();
    const store = storeIn(schema, { maxAgeMs: 60_000, sweepEveryMs: 1000 });
    const table = `"${schema}".dispatch_dead_letters`;
    await store.park(letter('new'));
    await pool.query(`INSERT INTO ${table} (id, queue, place, name, error, last_failed_at, parked_at, letter)
      SELECT int4send(n), 'orders', 'failed', 'n', 'e', now(), now() - interval '1 hour', '{}' FROM generate_series(1, 1200) AS n`);
    expect(await store.count(FAILED)).toBe(1);
    expect((await store.page({ ...FAILED, limit: 9 })).map((each) => each.letter.id)).toEqual(['new']);
    await until('the old ones to be gone', async () => (await pool.query(`SELECT FROM ${table}`)).rowCount === 1);
    expect((await store.get('new'))?.id).toBe('new');
  });

  it('are as many as "max" says, of all queues the ones that were parked last', async () => {
    const { schema, pool } = freshSchema();
    const store = storeIn(schema, { max: 3, sweepEveryMs: 1000 });
    const dropped: string[] = [];
    store.onDropped?.(({ id }, reason) => dropped.push(`${id}, ${reason}`));
    for (const id of ['a', 'b', 'c', 'd']) await store.park(letter(id, { queue: `queue-${id}` }));
    await store.park(letter('a', { queue: 'queue-a', lastFailedAt: new Date(Date.now() + 5) }));
    const table = `"${schema}".dispatch_dead_letters`;
    await until('one to be gone', async () => (await pool.query(`SELECT FROM ${table}`)).rowCount === 3);
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(async (id) => (await store.get(id))?.id))).toEqual([
      'a',
      undefined,
      'c',
      'd',
    ]);
    expect(dropped).toEqual(['b, more than 3 letters']);
  });

  it('are told of when they are dropped for their age, once though two processes look', async () => {
    const { schema, pool } = freshSchema();
    const dropped: string[] = [];
    const stores = [1, 2].map(() => storeIn(schema, { maxAgeMs: 60_000, sweepEveryMs: 1000 }));
    for (const store of stores) {
      store.onDropped?.(({ id }, reason) => dropped.push(`${id}, ${reason}`));
      await store.park(letter('new'));
    }
    await stores[0]?.park(letter('old'));
    await pool.query(`UPDATE "${schema}".dispatch_dead_letters SET parked_at = now() - interval '1 hour'
      WHERE letter LIKE '%"old"%'`);
    await until('it to be told', () => dropped.length > 0);
    expect(dropped).toEqual(['old, older than 60000 ms']);
  });

  it('are found by indexes, and so are those whose time is over', async () => {
    const { schema, pool } = freshSchema();
    await storeIn(schema).open?.();
    const table = `"${schema}".dispatch_dead_letters`;
    await pool.query(`INSERT INTO ${table} (id, queue, place, name, error, last_failed_at, parked_at, letter)
      SELECT int4send(n), 'q' || n % 20, 'failed', 'n', 'e', now(), now() - n * interval '1 second', repeat('x', 200)
      FROM generate_series(1, 20000) AS n`);
    await pool.query(`VACUUM ANALYZE ${table}`);
    const sql = deadLettersStatements(schema);
    const plan = async (text: string, ...values: readonly unknown[]): Promise<string> =>
      JSON.stringify((await pool.query(`EXPLAIN ${text}`, [...values])).rows);
    const page = await plan(sql.page, 'q1', 'failed', 1e9, 100, Infinity, '0');
    expect(page).toContain('dispatch_dead_letters_newest');
    expect(page).not.toContain('Sort');
    expect(await plan(sql.count, 'q1', 'failed', 1e9)).toContain('dispatch_dead_letters_newest');
    expect(await plan(sql.sweepOld, 19_990_000)).toContain('dispatch_dead_letters_parked_at');
    expect(await plan(sql.sweepSurplus, 19_990)).toContain('Index Scan using dispatch_dead_letters_spot');
  });

  it('are looked for behind any spot, and hold what a text of Postgres cannot', async () => {
    const store = storeIn(freshSchema().schema);
    const odd = letter('nul \0', { name: 'a\0', error: { ...letter('').error, name: 'E\0', message: '\0' } });
    await store.park(odd);
    expect(await store.get('nul \0')).toEqual(odd);
    const page = async (parkedAtMs: number, key = 'x'): Promise<number> =>
      (await store.page({ ...FAILED, limit: 9, after: { parkedAtMs, key } })).length;
    expect([await page(1e300), await page(-1e300), await page(Date.now() + 1000, `${2n ** 70n}`)]).toEqual([1, 0, 1]);
  });

  it('are kept for a time and in a number that can be', () => {
    expect(() => postgresDeadLetters({ maxAgeMs: 5, max: 0, sweepEveryMs: 5 })).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_POSTGRES_OPTIONS',
        problems: [
          expect.stringContaining('maxAgeMs 5'),
          expect.stringContaining('max 0'),
          expect.stringContaining('sweepEveryMs 5'),
        ],
      }),
    );
  });
});
