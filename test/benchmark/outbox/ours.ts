import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Command,
  Dispatcher,
  DispatchModule,
  Queues,
  RunMode,
  Transactions,
  type OutboxStore,
  type QueueBackendFactory,
  type TransactionScope,
} from 'nestjs-dispatch';
import { bullmq, bullmqPostgres } from 'nestjs-dispatch/bullmq';
import { postgresOutbox } from 'nestjs-dispatch/postgres';
import { Pool } from 'pg';

import { orders, type OrderData } from '../queue/orders.js';
import { serverSpace } from '../queue/servers.js';
import type { Measurement } from '../scenario.js';
import { COUNTS, KEY_COUNT, NAMES, type RelayedBackend } from './sizes.js';

const QUEUE = 'orders';
/** How many messages one transaction sends, of those that wait when the time begins to run. */
const PER_TRANSACTION = 1000;

class PlaceOrder extends Command {
  constructor(readonly order: OrderData) {
    super();
  }
}

interface Setting {
  readonly backend: RelayedBackend;
  readonly factory: QueueBackendFactory;
  readonly pool: Pool;
  readonly store: () => OutboxStore;
  clean(): Promise<void>;
}

/** How fast the relay moves what waits in the outbox: a real application, which does nothing else, with its defaults. */
export function relayScenarios(backend: RelayedBackend): readonly Measurement[] {
  const queue = serverSpace(backend, 'relay');
  const outbox = serverSpace('postgres', 'outbox');
  const shared = { connection: queue.url };
  const setting: Setting = {
    backend,
    factory:
      backend === 'redis'
        ? bullmq({ ...shared, prefix: queue.space })
        : bullmqPostgres({ ...shared, schema: queue.space, migrate: true }),
    pool: new Pool({ connectionString: outbox.url, max: 2 }),
    store: () => postgresOutbox({ connection: outbox.url, schema: outbox.space, migrate: true }),
    async clean() {
      await queue.clean();
      await setting.pool.query(`TRUNCATE "${outbox.space}".dispatch_outbox`);
    },
  };
  return [measurementOf(setting, NAMES.relay, undefined), measurementOf(setting, NAMES.relayKeyed, KEY_COUNT)];
}

function measurementOf(setting: Setting, name: string, keyCount: number | undefined): Measurement {
  const messages = orders(COUNTS[setting.backend]);
  return {
    name,
    async measure() {
      await fill(setting, messages, keyCount);
      const nsPerMessage = await relayed(setting, messages.length);
      await setting.clean();
      return nsPerMessage;
    },
  };
}

async function fill(setting: Setting, messages: readonly OrderData[], keyCount: number | undefined): Promise<void> {
  const app = await open(setting, setting.store(), false);
  const [dispatcher, transactions] = [app.get(Dispatcher), app.get(Transactions)];
  for (let from = 0; from < messages.length; from += PER_TRANSACTION) {
    const some = messages.slice(from, from + PER_TRANSACTION);
    await transactions.run(() =>
      Promise.all(
        some.map((order, index) => {
          const key = keyCount === undefined ? {} : { key: `key-${(from + index) % keyCount}` };
          return dispatcher.send(new PlaceOrder(order), key);
        }),
      ),
    );
  }
  await app.close();
}

/** From when the first batch is marked as sent, by when all connections are there, to when the last one is; per message. */
async function relayed(setting: Setting, count: number): Promise<number> {
  const store = setting.store();
  const settle = store.settle.bind(store);
  let first: { readonly atMs: number; readonly sentCount: number } | undefined;
  let sentCount = 0;
  let finish: (nsPerMessage: number) => void;
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  store.settle = async (batch, ends, next) => {
    const more = await settle(batch, ends, next);
    sentCount += ends.filter(({ status }) => status === 'sent').length;
    if (first === undefined) first = { atMs: performance.now(), sentCount };
    if (sentCount === count) finish(((performance.now() - first.atMs) * 1e6) / (count - first.sentCount));
    return more;
  };
  const app = await open(setting, store, true);
  const nsPerMessage = await finished;
  const { waiting } = await app.get(Queues).counts(QUEUE);
  if (waiting !== count) throw new Error(`The queue has ${waiting} messages, not ${count}.`);
  await app.close();
  return nsPerMessage;
}

function open({ factory, pool }: Setting, store: OutboxStore, relay: boolean) {
  const scope: TransactionScope = { run: (work) => inTransaction(pool, work) };
  @Module({
    imports: [
      DispatchModule.forRoot({
        role: 'send',
        queue: factory,
        routes: [{ messages: [PlaceOrder], queue: QUEUE, runMode: RunMode.Async }],
        queues: { defaults: { maxWaiting: 1_000_000 } },
        transactions: { scope },
        outbox: { store, relay },
      }),
    ],
  })
  class AppModule {}
  return NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
}

async function inTransaction<T>(pool: Pool, work: (client: unknown) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } finally {
    client.release();
  }
}
