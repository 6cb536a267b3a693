import {
  RunMode,
  type DispatchOptions,
  type IdempotencyStore,
  type QueueBackendFactory,
  type QueueRole,
} from '../../../lib/index.js';
import { postgresIdempotency } from '../../../lib/integrations/postgres/index.js';
import { redisIdempotency } from '../../../lib/integrations/redis/index.js';
import type { ProcessConfig } from '../../processes/programs.js';
import type { StoreAddress } from '../../processes/stores.js';
import type { Stream } from '../plan.js';
import { IdempotentWork, Killer, PlainWork, Unheard } from './messages.js';
import type { OutboxParts } from './outbox.js';

/** The queue that every message goes through. */
export const QUEUE = 'chaos';
/** What the processes of a run agree on. */
export interface Agreement {
  readonly seed: number;
  readonly store: StoreAddress;
  /** How long a worker holds a message that no longer renews its hold. */
  readonly lockMs: number;
}

/** What a worker is told at its start. */
export type WorkerConfig = Agreement & ProcessConfig;

/** What a sender is told at its start. */
export interface SenderConfig extends Agreement, ProcessConfig {
  readonly streams: readonly Stream[];
  /** How many messages of each stream have been acknowledged before, by the name of the stream. */
  readonly sent: Readonly<Record<string, number>>;
  readonly share: number;
}

/** What a sender is told later: the share of each stream that may be sent, from 0 to 1. */
export interface Allowance {
  readonly share: number;
}

/** The options of an application of a run. */
export function optionsOf(
  { store, lockMs }: Agreement,
  role: QueueRole,
  queue: QueueBackendFactory,
  outbox: OutboxParts = {},
): DispatchOptions {
  return {
    ...outbox,
    role,
    queue,
    queues: {
      each: {
        [QUEUE]: {
          concurrency: 4,
          lanes: 4,
          lockMs,
          maxAttempts: 3,
          backoffMs: 20,
          maxBackoffMs: 100,
          // A sender that repeats a message finds it there.
          keepCompleted: { count: 100_000 },
        },
      },
    },
    routes: [{ messages: [IdempotentWork, PlainWork, Killer, Unheard], queue: QUEUE, runMode: RunMode.Async }],
    drainTimeoutMs: 500,
    idempotency: {
      store: idempotencyAt(store),
      // So that a message that comes again need not wait for the claim of a process that is dead.
      lockMs: lockMs / 2,
    },
  };
}

function idempotencyAt({ kind, url, scope }: StoreAddress): IdempotencyStore {
  return kind === 'redis'
    ? redisIdempotency({ connection: url, prefix: `${scope}:idempotency:` })
    : postgresIdempotency({ connection: url, schema: `${scope}_idempotency`, migrate: true });
}
