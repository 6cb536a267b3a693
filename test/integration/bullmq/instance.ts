import { randomUUID } from 'node:crypto';

import { Redis } from 'ioredis';

import { bullmq, type BullmqOptions } from '../../../lib/integrations/bullmq/index.js';
import {
  resolveQueueSettings,
  type BackendEvent,
  type BackendHost,
  type Delivery,
  type EnqueueResult,
  type EntryOutcome,
  type QueueBackend,
  type QueueBackendFactory,
  type QueueEntry,
  type QueueOptions,
  type QueueSettings,
  type Settlement,
} from '../../../lib/index.js';

/** One application instance with BullMQ, and all that was told to it. */
export class Instance implements BackendHost {
  readonly instanceId = randomUUID();
  readonly events: BackendEvent[] = [];
  readonly replies = new Map<string, EntryOutcome>();
  readonly backend: QueueBackend;

  /** @param made options of BullmQ on Redis, or a factory of anything */
  constructor(made: BullmqOptions | QueueBackendFactory) {
    this.backend = ('create' in made ? made : bullmq(made)).create(this);
  }

  get errors(): BackendEvent[] {
    return this.events.filter(({ type }) => type === 'error');
  }

  replied(id: string, outcome: EntryOutcome): void {
    this.replies.set(id, outcome);
  }

  happened(event: BackendEvent): void {
    this.events.push(event);
  }

  async queue(options: QueueOptions = {}): Promise<QueueSettings> {
    const settings = resolveQueueSettings(`test-${randomUUID()}`, options);
    await this.backend.ensure(settings);
    return settings;
  }

  send({ name }: QueueSettings, ...entries: QueueEntry[]): Promise<EnqueueResult[]> {
    return Promise.all(this.backend.enqueue(name, entries));
  }
}

/** An entry with the defaults of a plain message. */
export function entry(given: Partial<QueueEntry> = {}): QueueEntry {
  return {
    id: randomUUID(),
    name: 'orders.place',
    data: { order: 1 },
    key: undefined,
    priority: 100,
    delayMs: 0,
    deduplicationId: undefined,
    replyTo: undefined,
    ...given,
  };
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

/** Waits for a condition. @throws Error where it does not come true within 20 s */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
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
