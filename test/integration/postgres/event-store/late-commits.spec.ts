import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EventStore } from 'nestjs-dispatch';
import type { PostgresTransaction } from 'nestjs-dispatch/postgres';

import { followPages } from '../../../../lib/event-store/reading/pages.js';
import { propertyRuns } from '../../../unit/property-runs.js';
import { until } from '../../bullmq/instance.js';
import { all, append, begin, events, names, openIn, openStore } from './event-bench.js';

describe('events behind those of a transaction that is still open', () => {
  it('are held back until it commits, and come after its own then', async () => {
    const { store } = await openStore();
    await append(store, 'before');
    const late = await begin();
    await append(store, 'late', late);
    const { position } = await append(store, 'quick');
    expect(await names(store)).toEqual(['before']);
    expect(await store.lastPosition()).toBeLessThan(position);
    expect(await store.readAllPage({ afterPosition: 1, limit: 10 })).toEqual({ events: [], position: 1, isEnd: true });
    await late.query('COMMIT');
    expect(await names(store)).toEqual(['before', 'late', 'quick']);
    expect(await store.lastPosition()).toBe(position);
  });

  it('are given once it has rolled back', async () => {
    const { store } = await openStore();
    const late = await begin();
    await append(store, 'late', late);
    await append(store, 'quick');
    expect(await names(store)).toEqual([]);
    await late.query('ROLLBACK');
    expect(await names(store)).toEqual(['quick']);
  });

  it('are given once its connection is lost', async () => {
    const { store, pool } = await openStore();
    const late = await begin();
    late.on('error', () => undefined);
    await append(store, 'late', late);
    await append(store, 'quick');
    const { rows } = await late.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await until('the others', async () => (await names(store)).length === 1);
    expect(await names(store)).toEqual(['quick']);
  });

  it('can be read in their own streams at once', async () => {
    const { store } = await openStore();
    const late = await begin();
    await append(store, 'late', late);
    await append(store, 'quick');
    const page = await store.readStreamPage('order-quick', { from: 1, to: 9, direction: 'forwards', limit: 9 });
    expect(page).toHaveLength(1);
  });

  it('are told of when it commits, to those who watch', async () => {
    const { schema, pool, store } = await openStore();
    const other = await openIn(schema);
    const late = await begin();
    await append(store, 'late', late);
    await append(store, 'quick');
    const found: string[] = [];
    const stop = new AbortController();
    const options = { signal: stop.signal, pollIntervalMs: 1_000_000 };
    const following = (async () => {
      for await (const page of followPages(other, options)) found.push(...page.events.map(({ name }) => name));
    })();
    // Whoever begins to listen is woken once, whatever there is.
    await until('the listening', () => isListening(pool));
    await late.query('COMMIT');
    await until('the events', () => found.length === 2);
    expect(found).toEqual(['late', 'quick']);
    stop.abort();
    await following;
  });

  it('are held back wherever the positions are, also where half of their digits begin anew', async () => {
    const { schema, pool, store } = await openStore();
    for (const start of [2 ** 31 - 2, 2 ** 32 - 2, 3 * 2 ** 32 + 2 ** 31 - 2, Number.MAX_SAFE_INTEGER - 100]) {
      await pool.query(`ALTER TABLE "${schema}".dispatch_events ALTER COLUMN position RESTART WITH ${start}`);
      await append(store, `a${start}`);
      const late = await begin();
      const { position } = await append(store, `b${start}`, late);
      await append(store, `c${start}`);
      await append(store, `d${start}`);
      expect(position).toBe(start + 1);
      expect(await names(store, start - 1)).toEqual([`a${start}`]);
      await late.query('COMMIT');
      expect(await names(store, start - 1)).toEqual([`a${start}`, `b${start}`, `c${start}`, `d${start}`]);
    }
  });
});

describe('a transaction that holds back no events', () => {
  it('is one that writes something else, or reads, or appends in another schema', async () => {
    const { pool, store } = await openStore();
    const { store: elsewhere } = await openStore();
    const [writer, reader, other] = [await begin(), await begin('REPEATABLE READ'), await begin()];
    await writer.query('CREATE TEMPORARY TABLE written AS SELECT 1 AS one');
    await reader.query('SELECT 1');
    await append(elsewhere, 'elsewhere', other);
    await append(store, 'quick');
    expect(await names(store)).toEqual(['quick']);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('is one whose append was refused', async () => {
    const { store } = await openStore();
    const refused = await begin();
    await expect(append(store, 'refused', refused, 5)).rejects.toMatchObject({ code: 'DISPATCH_CONCURRENCY' });
    await append(store, 'quick');
    expect(await names(store)).toEqual(['quick']);
  });

  it('is one that has gone back behind its append', async () => {
    const { store } = await openStore();
    const wavering = await begin();
    await wavering.query('SAVEPOINT before');
    await append(store, 'undone', wavering);
    await append(store, 'quick');
    expect(await names(store)).toEqual([]);
    await wavering.query('ROLLBACK TO SAVEPOINT before');
    expect(await names(store)).toEqual(['quick']);
  });
});

describe('an append outside of transactions', () => {
  it.each([
    ['one event', [1], ['slow', 'quick']],
    // The second one takes its position when the trigger of the first is over.
    ['several events', [2], ['slow', 'quick', 'slow']],
    ['several streams', [1, 2], ['slow', 'quick', 'slow', 'slow']],
  ])('of %s that is stuck before its commit holds back those behind it', async (_what, counts, order) => {
    const { schema, pool, store } = await openStore();
    const other = await openIn(schema);
    await pool.query(`CREATE FUNCTION "${schema}".stick() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_advisory_xact_lock(hashtext('${schema}')); RETURN NEW; END $$;
      CREATE TRIGGER stick BEFORE INSERT ON "${schema}".dispatch_events FOR EACH ROW WHEN (NEW.name = 'slow')
      EXECUTE FUNCTION "${schema}".stick()`);
    const blocker = await begin();
    await blocker.query(`SELECT pg_advisory_xact_lock(hashtext('${schema}'))`);
    const stuck = Promise.all(
      counts.map((count, index) =>
        store.append(`order-${index}`, events(...Array.from({ length: count }, () => 'slow')), { expectedVersion: 0 }),
      ),
    );
    await until('it to be stuck', async () => (await waiting(blocker)) > 0);
    await append(other, 'quick');
    expect(await names(other)).toEqual([]);
    await blocker.query('COMMIT');
    await stuck;
    expect(await names(other)).toEqual(order);
  });
});

describe('whoever reads all events while 16 others write', () => {
  it('misses none and meets them in the order of their positions, however late their transactions commit', async () => {
    const { schema, store } = await openStore({ maxConnections: 2 });
    const reader = await openIn(schema, { maxConnections: 1 });
    let round = 0;
    const holds = async (writers: readonly Writer[]): Promise<void> => {
      const category = `round${(round += 1)}`;
      const stop = new AbortController();
      const seen: number[] = [];
      const expected = writers.filter(({ commits }) => commits).reduce((sum, { counts }) => sum + total(counts), 0);
      const reading = (async () => {
        const start = { categories: [category], signal: stop.signal, pageSize: 3, pollIntervalMs: 1 };
        for await (const page of followPages(reader, start)) {
          seen.push(...page.events.map(({ position }) => position));
          if (seen.length >= expected) return;
        }
      })();
      try {
        await Promise.all(writers.map((writer, index) => write(store, `${category}-${index % 5}`, writer)));
        await reading;
      } finally {
        stop.abort();
      }
      const stored = (await all(reader)).filter(({ stream }) => stream.startsWith(`${category}-`));
      expect(seen).toEqual(stored.map(({ position }) => position));
      expect(seen).toHaveLength(expected);
      for (const stream of new Set(stored.map((event) => event.stream))) {
        const versions = stored.filter((event) => event.stream === stream).map(({ version }) => version);
        expect(versions).toEqual(versions.map((_version, index) => index + 1));
      }
    };
    const writers = fc.array(
      fc.record<Writer>({
        counts: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
        isTransaction: fc.boolean(),
        commits: fc.constant(true),
        pauseMs: fc.nat({ max: 8 }),
      }),
      { minLength: 16, maxLength: 16 },
    );
    const mixed = writers.map((list) =>
      list.map((one, index) => ({ ...one, commits: !one.isTransaction || index % 3 > 0 })),
    );
    await fc.assert(fc.asyncProperty(mixed, holds), propertyRuns(12));
  });
});

interface Writer {
  /** How many events each of its appends has. */
  readonly counts: readonly number[];
  readonly isTransaction: boolean;
  readonly commits: boolean;
  /** How long it waits before it commits. */
  readonly pauseMs: number;
}

async function write(
  store: EventStore<PostgresTransaction>,
  stream: string,
  { counts, isTransaction, commits, pauseMs }: Writer,
): Promise<void> {
  const transaction = isTransaction ? await begin() : undefined;
  for (const count of counts) {
    const list = events(...Array.from({ length: count }, () => 'happened'));
    await store.append(stream, list, { expectedVersion: 'any', transaction });
  }
  await delay(pauseMs);
  await transaction?.query(commits ? 'COMMIT' : 'ROLLBACK');
  await transaction?.end();
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

async function waiting(client: PostgresTransaction): Promise<number> {
  const text = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))`;
  return (await client.query(text)).rows.length;
}

async function isListening(client: PostgresTransaction): Promise<boolean> {
  const text = `SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN "dispatch_events_%' AND state = 'idle' AND datname = current_database()`;
  return (await client.query(text)).rows.length > 0;
}
