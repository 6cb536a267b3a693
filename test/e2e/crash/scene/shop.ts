import 'reflect-metadata';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Pool, type PoolClient } from 'pg';

import {
  Dispatcher,
  DispatchModule,
  RunMode,
  Transactions,
  type OutboxStore,
  type TransactionScope,
} from '../../../../lib/index.js';
import { postgresOutbox } from '../../../../lib/integrations/postgres/index.js';
import { JournalWriter } from '../../../processes/journal.js';
import { dispatchOptions, ORDERS_KEY, type SceneConfig, type SceneEvent, type ShopConfig } from './application.js';
import { Apply } from './messages.js';

/** How long what a dead process has taken waits for the next one, in milliseconds. */
const LEASE_MS = 1000;

// Its parent makes it of this very type.
const config = JSON.parse(process.argv[2] ?? '{}') as SceneConfig & ShopConfig;
const { orders, from, count, dieAt } = config;
const journal = new JournalWriter<SceneEvent>(config.folder, config.name);
// Nobody is left to look at it.
process.once('disconnect', () => process.exit(1));
const pool = new Pool({ connectionString: orders.url, max: 4 });
let committedCount = 0;

/** The process does not live to see this return. */
function dieIfAt(point: NonNullable<ShopConfig['dieAt']>, isNow: boolean): void {
  if (dieAt === point && isNow) process.kill(process.pid, 'SIGKILL');
}

const scope: TransactionScope<PoolClient> = {
  async run(work) {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const result = await work(client);
      dieIfAt('committing', committedCount >= count / 2);
      await client.query('COMMIT');
      committedCount += 1;
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  },
};

/** The store, which comes by the points. */
function dyingStore(): OutboxStore {
  const store = postgresOutbox({ connection: orders.url, schema: orders.scope, migrate: true });
  const take = store.take.bind(store);
  const settle = store.settle.bind(store);
  store.take = (asked) => {
    dieIfAt('relaying', committedCount >= count / 2);
    return take(asked);
  };
  store.settle = (batch, ends, next) => {
    dieIfAt('relayed', committedCount >= count / 2 && ends.length > 0);
    return settle(batch, ends, next);
  };
  return store;
}

@Module({
  imports: [
    DispatchModule.forRoot({
      ...dispatchOptions(config, 'send'),
      routes: [{ messages: [Apply], queue: 'effects', runMode: RunMode.Async }],
      transactions: { scope },
      outbox: { store: dyingStore(), leaseMs: LEASE_MS, pollEveryMs: 50 },
    }),
  ],
})
class ShopModule {}

const app = await NestFactory.createApplicationContext(ShopModule, { logger: ['warn', 'error'] });
await pool.query(`CREATE TABLE IF NOT EXISTS "${orders.scope}".orders (id text PRIMARY KEY)`);
journal.write({ event: 'ready', id: '' });
const dispatcher = app.get(Dispatcher);
const transactions = app.get<Transactions<PoolClient>>(Transactions);
for (let sequence = from; sequence < from + count; sequence += 1) {
  const id = `${ORDERS_KEY}-${sequence}`;
  await transactions.run(async ({ client }) => {
    await client.query(`INSERT INTO "${orders.scope}".orders VALUES ($1)`, [id]);
    await dispatcher.send(new Apply(sequence, { kind: 'work', ms: 1 }), { id, key: ORDERS_KEY });
  });
}
