import {
  createPostgresBackend,
  createRedisBackend,
  Queue,
  QueueEvents,
  Worker,
  type BackendFactory,
  type IQueueBackend,
} from 'bullmq';

import type { Measurement } from '../scenario.js';
import type { OrderData, OrderReply } from './orders.js';
import { queueScenarios } from './scenarios.js';
import { serverSpace } from './servers.js';
import type { QueueBackendName, QueueRound, RoundOptions } from './side.js';

const JOB_NAME = 'place-order';
/** Many times as long as an answer takes: what has not come by then was lost, which happens on Postgres. */
const ANSWER_WITHIN_MS = 5000;

/** How BullMQ reaches its store. */
interface Store<B extends IQueueBackend, Connection> {
  readonly factory: BackendFactory<B, Connection>;
  readonly connection: Connection;
  readonly prefix: string;
}

/** The scenarios of BullMQ by itself, written as its documentation writes them. */
export function rawScenarios(backend: QueueBackendName): readonly Measurement[] {
  if (backend === 'memory') throw new Error('BullMQ has no queue in memory');
  const { url, space, clean } = serverSpace(backend, 'raw');
  const open =
    backend === 'redis'
      ? rounds({ factory: createRedisBackend, connection: { url }, prefix: space }, clean)
      : rounds(
          {
            factory: createPostgresBackend,
            connection: { connectionString: url, schema: space, migrate: true },
            prefix: '',
          },
          clean,
        );
  return queueScenarios({ open }, backend, true);
}

function rounds<B extends IQueueBackend, Connection>(store: Store<B, Connection>, clean: () => Promise<void>) {
  let opened = 0;
  return async (options: RoundOptions): Promise<QueueRound> => {
    opened += 1;
    const round = await openRound(store, `orders-${opened}`, options);
    return {
      ...round,
      async close() {
        await round.close();
        await clean();
      },
    };
  };
}

async function openRound<B extends IQueueBackend, Connection>(
  { factory, connection, prefix }: Store<B, Connection>,
  name: string,
  { concurrency = 0, lanes = concurrency, hasRequests = false, keepCount, tally }: RoundOptions,
): Promise<QueueRound> {
  const options = { connection, ...(prefix !== '' && { prefix }) };
  const queue = new Queue<OrderData, OrderReply, string, OrderData, OrderReply, string, B, Connection>(
    name,
    options,
    factory,
  );
  const events = hasRequests ? new QueueEvents<OrderReply, B, Connection>(name, options, factory) : undefined;
  let worker: Worker<OrderData, OrderReply, string, B, number, Connection> | undefined;
  await Promise.all([queue.waitUntilReady(), events?.waitUntilReady()]);
  return {
    send: (order) => queue.add(JOB_NAME, order),
    sendBulk: (orders) => queue.addBulk(orders.map((data) => ({ name: JOB_NAME, data }))),
    // It has no keys: this is what the same number of handlers at once does without any order.
    sendKeyed: (order) => queue.add(JOB_NAME, order),
    async request(order) {
      if (events === undefined) throw new Error('this round was opened without requests');
      const job = await queue.add(JOB_NAME, order);
      try {
        return await job.waitUntilFinished(events, ANSWER_WITHIN_MS);
      } catch (error) {
        if (error instanceof Error && error.message.includes('timed out before finishing')) return undefined;
        throw error;
      }
    },
    async work() {
      worker = new Worker(
        name,
        async (job) => {
          tally.note();
          return { id: job.data.id };
        },
        { ...options, concurrency: lanes, removeOnComplete: { count: keepCount, age: 3600 } },
        factory,
      );
      await worker.waitUntilReady();
    },
    async close() {
      await worker?.close();
      await Promise.all([queue.close(), events?.close()]);
    },
  };
}
