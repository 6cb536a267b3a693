import { createPostgresBackend, createRedisBackend, Queue, type BackendFactory, type IQueueBackend } from 'bullmq';

import { orders, type OrderData } from '../queue/orders.js';
import { serverSpace } from '../queue/servers.js';
import type { Measurement } from '../scenario.js';
import { BATCH_COUNT, COUNTS, NAMES, type RelayedBackend } from './sizes.js';

/** How fast BullMQ alone takes the same messages out of memory, in batches of the same size, as its documentation writes it. */
export function bulkScenarios(backend: RelayedBackend): readonly Measurement[] {
  const { url, space, clean } = serverSpace(backend, 'bulk');
  let rounds = 0;
  const name = (): string => `orders-${(rounds += 1)}`;
  const open =
    backend === 'redis'
      ? () => opened(name(), { connection: { url }, prefix: space }, createRedisBackend)
      : () => {
          const connection = { connectionString: url, schema: space, migrate: true };
          return opened(name(), { connection }, createPostgresBackend);
        };
  const messages = orders(COUNTS[backend]);
  const measure = async (): Promise<number> => {
    const queue = await open();
    const startedAtMs = performance.now();
    for (let from = 0; from < messages.length; from += BATCH_COUNT) {
      await queue.addBulk(messages.slice(from, from + BATCH_COUNT).map((data) => ({ name: 'place-order', data })));
    }
    const elapsedMs = performance.now() - startedAtMs;
    await queue.close();
    await clean();
    return (elapsedMs * 1e6) / messages.length;
  };
  return [{ name: NAMES.bulk, measure }];
}

async function opened<B extends IQueueBackend, Connection>(
  name: string,
  options: { readonly connection: Connection; readonly prefix?: string },
  factory: BackendFactory<B, Connection>,
) {
  const queue = new Queue<OrderData, unknown, string, OrderData, unknown, string, B, Connection>(
    name,
    options,
    factory,
  );
  await queue.waitUntilReady();
  return queue;
}
