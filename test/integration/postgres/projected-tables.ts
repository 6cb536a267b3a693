import {
  EventLog,
  inMemoryEventStore,
  On,
  Projection,
  Projections,
  type EventStore,
  type ProjectionContext,
  type ProjectionOptions,
  type ProjectionTarget,
} from 'nestjs-dispatch';
import { postgresCheckpoints, type PostgresCheckpointsOptions } from 'nestjs-dispatch/postgres';
import pg from 'pg';

import { LineAdded, startShop, type Shop } from '../../unit/event-store/shop.js';
import { SHARED } from './fresh-schema.js';
import { transactionsOn } from './transactions-on.js';

/** One process of an application with a projection that writes tables. */
export interface ProjectedTables extends Shop {
  readonly projections: Projections;
  /** The pool of its transactions. */
  readonly pool: pg.Pool;
}

/** How one is started. */
export interface TablesSetup {
  readonly schema: string;
  readonly store?: EventStore;
  readonly projection?: ProjectionOptions;
  /** The server, or a way to it. */
  readonly url?: string;
  readonly checkpoints?: PostgresCheckpointsOptions;
  /** Called in the transaction, before an event is written. */
  readonly onEvent?: (event: LineAdded, context: ProjectionContext<pg.PoolClient>) => unknown;
}

/** Makes the class of a projection that writes one row for each event, to a table for each target. */
export function rowsProjection({ schema, projection = {}, onEvent }: TablesSetup) {
  type Context = ProjectionContext<pg.PoolClient>;
  const table = (target: string): string => `"${schema}".rows_${target}`;
  @Projection('rows', projection)
  class Rows {
    @On(LineAdded)
    async added(event: LineAdded, context: Context) {
      await onEvent?.(event, context);
      const { client, target, position, replay } = context;
      await client.query(`INSERT INTO ${table(target)} VALUES ($1, $2, $3)`, [position, event.quantity, replay]);
    }

    async prepare(target: ProjectionTarget, { client }: { client: pg.PoolClient }) {
      await client.query(`CREATE TABLE ${table(target)} (position bigint, quantity int, replay boolean)`);
    }

    async drop(target: ProjectionTarget, { client }: { client: pg.PoolClient }) {
      await client.query(`DROP TABLE ${table(target)}`);
    }
  }
  return Rows;
}

/** Starts one; its pool is to be ended by the test. */
export async function startTables(setup: TablesSetup): Promise<ProjectedTables> {
  const { schema, store = inMemoryEventStore(), url = SHARED, checkpoints = {} } = setup;
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => undefined);
  const options = { connection: url, schema, migrate: true, ...checkpoints };
  const shop = await startShop({
    store,
    providers: [rowsProjection(setup)],
    options: {
      messages: [LineAdded],
      eventStore: { store },
      transactions: { scope: transactionsOn(pool) },
      projections: { checkpoints: postgresCheckpoints(options), leaseMs: 600, pollMs: 20 },
      drainTimeoutMs: 300,
    },
  });
  return { ...shop, pool, projections: shop.app.get(Projections) };
}

/** Appends lines with these quantities, and says where. */
export async function add({ app }: Pick<Shop, 'app'>, ...quantities: number[]): Promise<number> {
  const events = quantities.map((quantity) => new LineAdded(quantity));
  return (await app.get(EventLog).append('order-1', events, { expectedVersion: 'any' })).position;
}

/** What a table holds, in the order in which it was written. */
export async function rowsOf(pool: pg.Pool, schema: string, target: ProjectionTarget = 'blue'): Promise<number[]> {
  const { rows } = await pool.query<{ quantity: number }>(`SELECT quantity FROM "${schema}".rows_${target}`);
  return rows.map(({ quantity }) => quantity);
}

/** The numbers from 1 on. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
