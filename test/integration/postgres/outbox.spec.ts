import { describe, expect, it } from '@jest/globals';
import {
  Command,
  CommandHandler,
  inMemoryQueue,
  Outbox,
  RunMode,
  Transactions,
  type OutboxOptions,
} from 'nestjs-dispatch';
import { postgresOutbox, type PostgresOutboxOptions } from 'nestjs-dispatch/postgres';
import pg from 'pg';

import { startPostgres } from '../../services/postgres.js';
import { rejectionOf, start } from '../../unit/dispatcher/application.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { freshSchema, SHARED } from './fresh-schema.js';
import { pgTransactions } from './pg-transactions.js';

class Pack extends Command {
  constructor(readonly order: string) {
    super();
  }
}

interface Packing {
  readonly schema: string;
  readonly pool: pg.Pool;
  readonly store?: PostgresOutboxOptions;
  readonly outbox?: Omit<OutboxOptions, 'store'>;
}

/** An application that packs through a queue in memory, and keeps orders in a table of its own. */
async function startPacking({ schema, pool, store, outbox }: Packing) {
  const packed: string[] = [];
  @CommandHandler(Pack)
  class PackHandler {
    async execute({ order }: Pack): Promise<void> {
      packed.push(order);
    }
  }
  const application = await start({
    providers: [PackHandler],
    options: {
      runMode: RunMode.Async,
      queue: inMemoryQueue(),
      transactions: { scope: pgTransactions(pool) },
      outbox: { store: postgresOutbox({ connection: SHARED, schema, migrate: true, ...store }), ...outbox },
    },
  });
  const { app, dispatcher } = application;
  const transactions = app.get<Transactions<pg.PoolClient>>(Transactions);
  const place = (order: string, key?: string) =>
    transactions.run(async ({ client }) => {
      await client.query(`INSERT INTO "${schema}".orders VALUES ($1)`, [order]);
      await dispatcher.send(new Pack(order), { ...(key !== undefined && { key }) });
    });
  return { ...application, outbox: app.get(Outbox), packed, place, transactions };
}

async function ordersIn(schema: string, pool: pg.Pool): Promise<void> {
  await pool.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"; CREATE TABLE "${schema}".orders (id text PRIMARY KEY)`);
}

async function ordersOf(schema: string, pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(`SELECT id FROM "${schema}".orders ORDER BY id`);
  return rows.map(({ id }) => id);
}

describe('an application with an outbox on Postgres', () => {
  it('sends exactly what goes with the rows that are committed', async () => {
    const place = freshSchema();
    await ordersIn(place.schema, place.pool);
    const { place: order, packed, transactions, dispatcher } = await startPacking(place);
    await order('a');
    expect(await rejectionOf(order('a'))).toMatchObject({ code: '23505' });
    await rejectionOf(
      transactions.run(async () => {
        await dispatcher.send(new Pack('lost'));
        throw new RangeError('no');
      }),
    );
    await order('b');
    await until('both to be packed', () => packed.length === 2);
    expect(packed.toSorted()).toEqual(['a', 'b']);
    expect(await ordersOf(place.schema, place.pool)).toEqual(['a', 'b']);
  });

  it('relays what another process has committed as soon as the server tells it, long before it would ask', async () => {
    const place = freshSchema();
    await ordersIn(place.schema, place.pool);
    const quiet = { pollEveryMs: 600_000 };
    const relaying = await startPacking({ ...place, outbox: quiet });
    const sending = await startPacking({ ...place, outbox: { ...quiet, relay: false } });
    // It may take a moment until the listening has begun: what is told before is told then.
    for (const order of ['a', 'b', 'c']) {
      await sending.place(order);
      await until(`${order} to be packed there`, () => relaying.packed.includes(order));
    }
    expect(sending.packed).toEqual([]);
  });

  it('relays each message once, in the order of its key, with several processes at it', async () => {
    const place = freshSchema();
    await ordersIn(place.schema, place.pool);
    const eager = { batchCount: 3, pollEveryMs: 10 };
    const all = await Promise.all([1, 2, 3].map(() => startPacking({ ...place, outbox: eager })));
    const orders = Array.from({ length: 60 }, (_, index) => `${index % 4}-${String(index).padStart(2, '0')}`);
    for (const [index, order] of orders.entries()) await all[index % 3]?.place(order, order.slice(0, 1));
    const packed = (): string[] => all.flatMap((each) => each.packed);
    await until('all to be packed', () => packed().length >= 60);
    expect(packed().toSorted()).toEqual(orders.toSorted());
    for (const { packed: here } of all) {
      for (const key of ['0', '1', '2', '3']) {
        const ofKey = here.filter((order) => order.startsWith(key));
        expect(ofKey).toEqual(ofKey.toSorted());
      }
    }
  });

  it('does not start where its tables are missing', async () => {
    const starting = startPacking({ ...freshSchema(), store: { migrate: false } });
    expect(await rejectionOf(starting)).toMatchObject({ code: 'DISPATCH_POSTGRES_TABLES', feature: 'outbox' });
  });

  it('goes on where the server restarts, and nothing is lost', async () => {
    const postgres = await startPostgres({ durable: true });
    const pool = new pg.Pool({ connectionString: postgres.url });
    pool.on('error', () => undefined);
    await ordersIn('shop', pool);
    const store = { connection: postgres.url, commandTimeoutMs: 20_000 };
    const shop = await startPacking({ schema: 'shop', pool, store, outbox: { pollEveryMs: 20 } });
    for (const order of ['a', 'b', 'c']) await shop.place(order, 'k');
    await postgres.restart();
    await until('an order to be taken again', () =>
      shop.place('d', 'k').then(
        () => true,
        () => false,
      ),
    );
    await until('all to be packed', () => shop.packed.length === 4);
    expect(shop.packed).toEqual(['a', 'b', 'c', 'd']);
    await shop.app.close();
    await pool.end();
    await postgres.stop();
  });
});

/** A pool whose server refuses some statements. */
function refusing(pool: pg.Pool, isRefused: (text: string) => boolean): pg.Pool {
  const connect = async (): Promise<unknown> => {
    const client = await pool.connect();
    const query = (text: string, values: unknown[]) =>
      isRefused(text) ? client.query('SELECT 1 / 0') : client.query(text, values);
    return new Proxy(client, {
      get(target, name) {
        if (name === 'query') return query;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  };
  return Object.assign(Object.create(pool) as pg.Pool, { connect });
}

describe('the outbox on Postgres', () => {
  it('deletes what is sent when its time is over, and what was set aside, and nothing else', async () => {
    const { schema, pool } = freshSchema();
    const store = postgresOutbox({ connection: SHARED, schema, migrate: true, keepSentMs: 60_000, sweepEveryMs: 1000 });
    await store.open?.();
    const table = `"${schema}".dispatch_outbox`;
    const row = `INSERT INTO ${table} (lane, queue, name, message, sent_at, failed_at) SELECT 0, 'q', 'n', '{}',`;
    await pool.query(`${row} now() - interval '1 hour', NULL FROM generate_series(1, 1200)`);
    await pool.query(`${row} NULL, now() - interval '31 days' FROM generate_series(1, 20)`);
    await pool.query(`${row} now(), NULL FROM generate_series(1, 3)`);
    await pool.query(`${row} NULL, now() FROM generate_series(1, 4)`);
    expect((await store.counts()).failed).toBe(24);
    await until('the old ones to be gone', async () => (await pool.query(`SELECT FROM ${table}`)).rowCount === 7);
    expect((await store.counts()).failed).toBe(4);
    await store.close?.();
  });

  it('has lanes no longer whose messages it could not read', async () => {
    const { schema, pool } = freshSchema();
    let failures = 0;
    const connection = refusing(pool, (text) => text.startsWith('SELECT ready') && failures-- > 0);
    const store = postgresOutbox({ connection, schema, migrate: true });
    await store.open?.();
    const entry = { id: 'm', name: 'n', data: {}, key: 'k', priority: 1, deduplicationId: undefined };
    const messages = [{ queue: 'q', entry, dueAtMs: undefined }];
    await pgTransactions(pool).run((client) => store.add(messages, client), {});
    const take = { limit: 10, leaseMs: 60_000 };
    failures = 1;
    await expect(store.take(take)).rejects.toThrow('division by zero');
    expect((await store.take(take))?.messages).toHaveLength(1);
    await store.close?.();
  });

  it.each([0, 60_000])(
    'with keepSentMs %d has what is sent no longer, or marked, and gives it to nobody',
    async (keepSentMs) => {
      const { schema, pool } = freshSchema();
      const store = postgresOutbox({ connection: SHARED, schema, migrate: true, keepSentMs });
      await store.open?.();
      const entry = (id: string) => ({ id, name: 'n', data: {}, key: 'k', priority: 1, deduplicationId: undefined });
      const messages = ['a', 'b', 'c'].map((id) => ({ queue: 'q', entry: entry(id), dueAtMs: undefined }));
      await pgTransactions(pool).run((client) => store.add(messages, client), {});
      const take = { limit: 1, leaseMs: 60_000 };
      const first = await store.take(take);
      const sentOf = (batch: typeof first) =>
        (batch?.messages ?? []).map(({ id }) => ({ id, status: 'sent' }) as const);
      // Reads on in the lane that it has.
      const second = first && (await store.settle(first, sentOf(first), take));
      expect([first, second].map((batch) => batch?.messages.map((each) => each.entry.id))).toEqual([['a'], ['b']]);
      if (second !== undefined) await store.settle(second, sentOf(second));
      const { rows } = await pool.query<{ kept: number }>(
        `SELECT count(*)::int AS kept FROM "${schema}".dispatch_outbox WHERE sent_at IS NOT NULL`,
      );
      expect([rows[0]?.kept, (await store.counts()).waiting]).toEqual([keepSentMs === 0 ? 0 : 2, 1]);
      await store.close?.();
    },
  );

  it('sets aside rows that it cannot read, and gives what is behind them', async () => {
    const { schema, pool } = freshSchema();
    const store = postgresOutbox({ connection: SHARED, schema, migrate: true });
    await store.open?.();
    const table = `"${schema}".dispatch_outbox`;
    for (const text of ['{', '{}', '[]', '{"queue":"q","entry":{}}']) {
      await pool.query(`INSERT INTO ${table} (lane, order_key, queue, name, message) VALUES (0, 1, 'q', 'n', $1)`, [
        text,
      ]);
    }
    const entry = { id: 'm', name: 'n', data: {}, priority: 1 };
    const message = JSON.stringify({ queue: 'q', entry });
    await pool.query(`INSERT INTO ${table} (lane, order_key, queue, name, message) VALUES (0, 1, 'q', 'n', $1)`, [
      message,
    ]);
    expect((await store.take({ limit: 10, leaseMs: 1000 }))?.messages.map(({ entry: { id } }) => id)).toEqual(['m']);
    expect(await store.failed({ limit: 10 })).toMatchObject(
      Array.from({ length: 4 }, () => ({ attempts: 1, error: { message: 'The row of the outbox cannot be read.' } })),
    );
    await store.close?.();
  });

  it.each([
    [{ keepSentMs: -1 }, 'has keepSentMs -1, not a whole number from 0'],
    [{ keepFailedMs: 5 }, 'has keepFailedMs 5, not a whole number from 1000'],
    [{ sweepEveryMs: 5 }, 'has sweepEveryMs 5, not a whole number from 1000'],
    [{ schema: 'a"b' }, 'has schema "a\\"b"'],
    [{ keep: 1 }, 'has the unknown option "keep"'],
  ])('refuses the options %j', (options, text) => {
    expect(() => postgresOutbox(options as PostgresOutboxOptions)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(text) as unknown }),
    );
  });
});
