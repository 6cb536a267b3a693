import { Redis } from 'ioredis';

import { bullmq, type BullmqOptions } from '../../../lib/integrations/bullmq/index.js';
import type {
  BackendEvent,
  Delivery,
  QueueBackendFactory,
  QueueEntry,
  QueueOptions,
  QueueSettings,
  Settlement,
} from '../../../lib/index.js';
import { Bench, Instance as BenchInstance } from '../../../lib/testing/queue-contract/bench.js';

/** Of the contract; here it makes no instances, for they connect in ways of their own. */
const bench = new Bench(bullmq(), 20_000);

/** One application instance with BullMQ, and all that was told to it. */
export class Instance extends BenchInstance {
  /** @param made options of BullMQ on Redis, or a factory of anything */
  constructor(made: BullmqOptions | QueueBackendFactory) {
    super('create' in made ? made : bullmq(made), bench);
  }

  get errors(): BackendEvent[] {
    return this.events.filter(({ type }) => type === 'error');
  }

  queue(options: QueueOptions = {}): Promise<QueueSettings> {
    return bench.queue(options, this);
  }
}

/** An entry with the defaults of a plain message. */
export function entry(given?: Partial<QueueEntry>): QueueEntry {
  return bench.entry(given);
}

/** A handler that completes, and what it was given. */
export function recorder(): { readonly seen: Delivery[]; handle(delivery: Delivery): Promise<Settlement> } {
  const seen: Delivery[] = [];
  return {
    seen,
    handle(delivery) {
      seen.push(delivery);
      return Promise.resolve({ action: 'complete', result: undefined });
    },
  };
}

/** Waits for a condition. @throws AssertionError where it does not come true within 20 s */
export function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  return bench.until(what, isTrue);
}

/** How long a promise takes to settle, in milliseconds. */
export async function duration(promise: Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await promise.catch(() => undefined);
  return performance.now() - startedAt;
}

/** A connection for what a spec looks at itself. */
export function redisAt(url: string): Redis {
  return new Redis(url, { maxRetriesPerRequest: null });
}

/** How many connections a server has. */
export async function connectionCount(redis: Redis): Promise<number> {
  const list = String(await redis.client('LIST'));
  return list.split('\n').filter((line) => line !== '').length;
}
