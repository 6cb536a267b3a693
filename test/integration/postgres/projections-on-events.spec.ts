import { PGlite } from '@electric-sql/pglite';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Event,
  EventLog,
  Message,
  On,
  Projection,
  Projections,
  Transactions,
  type ProjectionContext,
  type ProjectionMode,
  type ProjectionTarget,
  type TransactionScope,
} from 'nestjs-dispatch';
import {
  pglitePool,
  postgresCheckpoints,
  postgresEventStore,
  postgresTransactions,
  type PostgresTransactionClient,
} from 'nestjs-dispatch/postgres';

import { rejectionOf, start, type Application } from '../../unit/dispatcher/application.js';
import { freshSchema, SHARED } from './fresh-schema.js';

@Message('shop.counted')
class Counted extends Event {
  constructor(readonly number: number) {
    super();
  }
}

const started: Application[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map(({ app }) => app.close()));
});

/** An application all of whose stores are on Postgres, with a projection that refuses the number 13. */
async function startAll(schema: string, mode: ProjectionMode, database?: PGlite) {
  type Context = ProjectionContext<PostgresTransactionClient>;
  @Projection('numbers', { mode, retries: 0, batchSize: 7, onFailure: 'parkEvent' })
  class Numbers {
    @On(Counted)
    async counted({ number }: Counted, { client, target, stream, version, position }: Context) {
      if (number === 13) throw new Error('no such number');
      const values = [stream, version, position, number];
      await client.query(`INSERT INTO "${schema}".numbers_${target} VALUES ($1, $2, $3, $4)`, values);
    }

    async prepare(target: ProjectionTarget, { client }: { client: PostgresTransactionClient }) {
      await client.query(
        `CREATE TABLE "${schema}".numbers_${target} (stream text, version int, position bigint, number int)`,
      );
    }
  }
  const connection = database === undefined ? SHARED : pglitePool(database);
  const shared = { connection, schema, migrate: true };
  const inPglite: TransactionScope | undefined = database && { run: (work) => database.transaction(work) };
  const application = await start({
    providers: [Numbers],
    options: {
      eventStore: { store: postgresEventStore(shared) },
      transactions: { scope: inPglite ?? postgresTransactions({ connection }) },
      projections: { checkpoints: postgresCheckpoints(shared), pollMs: 20, leaseMs: 1000 },
    },
  });
  started.push(application);
  const { app } = application;
  return { app, log: app.get(EventLog), projections: app.get(Projections), transactions: app.get(Transactions) };
}

const all = { expectedVersion: 'any' } as const;

describe('projections where everything is on Postgres', () => {
  it('write all events of concurrent writers in the order of the store, of each stream in its own, and again in a rebuild', async () => {
    const { schema, pool } = freshSchema();
    const { log, projections } = await startAll(schema, 'async');
    const streams = Array.from({ length: 8 }, (_, index) => `count-${index}`);
    const positions = await Promise.all(
      streams.map(async (stream) => {
        let last = 0;
        for (let number = 100; number < 110; number++) {
          last = (await log.append(stream, [new Counted(number), new Counted(-number)], all)).position;
        }
        return last;
      }),
    );
    await projections.whenCaughtUp('numbers', Math.max(...positions), { timeoutMs: 20_000 });
    const rows = async (target: string) =>
      (
        await pool.query<{ position: string; stream: string; version: number }>(
          `SELECT * FROM "${schema}".numbers_${target}`,
        )
      ).rows;
    const blue = await rows('blue');
    expect(blue).toHaveLength(160);
    const order = blue.map(({ position }) => Number(position));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    for (const stream of streams) {
      const versions = blue.filter((row) => row.stream === stream).map(({ version }) => version);
      expect(versions).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    }
    await projections.rebuild('numbers');
    expect(await rows('green')).toEqual(blue);
  });

  it('go on without an event that fails, and write it when it is tried again', async () => {
    const { schema, pool } = freshSchema();
    const { log, projections } = await startAll(schema, 'async');
    const { position } = await log.append(
      'count-1',
      [1, 13, 2].map((number) => new Counted(number)),
      all,
    );
    await projections.whenCaughtUp('numbers', position);
    const { rows } = await pool.query(`SELECT number FROM "${schema}".numbers_blue`);
    expect(rows).toEqual([{ number: 1 }, { number: 2 }]);
    expect(await projections.list()).toMatchObject([{ state: 'running', parkedCount: 1, lag: 0, isHealthy: false }]);
  });

  it('are there with the append, and keep it from being made where they fail, inline', async () => {
    const { schema, pool } = freshSchema();
    const { log, transactions } = await startAll(schema, 'inline');
    await pool.query(`CREATE TABLE "${schema}".numbers_blue (stream text, version int, position bigint, number int)`);
    const numbers = async () => (await pool.query(`SELECT version, number FROM "${schema}".numbers_blue`)).rows;
    const { position } = await log.append('count-1', [new Counted(1), new Counted(2)], all);
    expect(await numbers()).toEqual([
      { version: 1, number: 1 },
      { version: 2, number: 2 },
    ]);
    const refused = await rejectionOf(log.append('count-1', [new Counted(3), new Counted(13)], all));
    expect(refused).toMatchObject({ code: 'DISPATCH_INLINE_PROJECTION_FAILED', version: 4 });
    const failing = transactions.run(async () => {
      await log.append('count-1', [new Counted(4)], all);
      throw new Error('rolled back');
    });
    expect(await rejectionOf(failing)).toMatchObject({ message: 'rolled back' });
    expect([await log.stream('count-1'), (await numbers()).length, position > 0]).toMatchObject([
      { version: 2 },
      2,
      true,
    ]);
    await log.append('count-1', [new Counted(5)], { expectedVersion: 2 });
    expect(await numbers()).toHaveLength(3);
  });
});

describe('projections where everything is on a PGlite, which has one session', () => {
  it('are written, and rebuilt while events come', async () => {
    const database = new PGlite();
    const { log, projections } = await startAll('lite', 'async', database);
    const append = async (...numbers: number[]) => {
      const events = numbers.map((number) => new Counted(number));
      return (await log.append('count-1', events, all)).position;
    };
    const written = async (target: string) => {
      const { rows } = await database.query<{ number: number }>(`SELECT number FROM lite.numbers_${target}`);
      return rows.map(({ number }) => number);
    };
    await projections.whenCaughtUp('numbers', await append(1, 2, 13, 3), { timeoutMs: 20_000 });
    expect(await written('blue')).toEqual([1, 2, 3]);
    const [position] = await Promise.all([append(4, 5), projections.rebuild('numbers')]);
    await projections.whenCaughtUp('numbers', position, { timeoutMs: 20_000 });
    expect(await written('green')).toEqual([1, 2, 3, 4, 5]);
    await Promise.all(started.splice(0).map(({ app }) => app.close()));
    await database.close();
  });
});
