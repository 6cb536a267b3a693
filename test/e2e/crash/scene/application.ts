import {
  RunMode,
  type DeadLetterStore,
  type DispatchOptions,
  type IdempotencyStore,
  type QueueOptions,
  type QueueRole,
} from '../../../../lib/index.js';
import { postgresDeadLetters, postgresIdempotency } from '../../../../lib/integrations/postgres/index.js';
import { redisIdempotency } from '../../../../lib/integrations/redis/index.js';
import type { ProcessConfig } from '../../../processes/programs.js';
import { backendAt, type StoreAddress } from '../../../processes/stores.js';
import { Apply, ApplyOnce } from './messages.js';

/** The queue that every message of a scene goes through. */
export const QUEUE = 'effects';

/** What happened to a message in a handler, or to a process. */
export type SceneEvent = 'ready' | 'enqueued' | 'asked' | 'started' | 'done' | 'failed' | 'aborted' | 'replayed';

/** What the applications of a scene agree on. */
export interface Agreement {
  readonly store: StoreAddress;
  readonly queue: QueueOptions;
  readonly whenDown: 'fail' | 'wait';
  /** How long the lock of an idempotent call outlives its process, in milliseconds. */
  readonly callLockMs: number;
  /** A table for dead letters outside of the queue. */
  readonly letters?: StoreAddress | undefined;
}

/** What a process of a scene is told when it is started. */
export interface SceneConfig extends Agreement, ProcessConfig {
  /** How many of a hundred attempts fail; which ones depends on the message and the attempt alone. */
  readonly failPercent: number;
  /** How many letters a replayer sends in a second. */
  readonly ratePerSecond?: number;
}

/** The options of an application of a scene. */
export function dispatchOptions(agreement: Agreement, role: QueueRole): DispatchOptions {
  const { store, queue, whenDown, callLockMs, letters } = agreement;
  return {
    role,
    queue: backendAt(store, whenDown),
    queues: { each: { [QUEUE]: queue } },
    routes: [{ messages: [Apply, ApplyOnce], queue: QUEUE, runMode: RunMode.Async }],
    drainTimeoutMs: 500,
    ...(role === 'work' && { idempotency: { store: idempotency(store), lockMs: callLockMs } }),
    ...(letters && { deadLetters: { store: lettersIn(letters) } }),
  };
}

function lettersIn({ url, scope }: StoreAddress): DeadLetterStore {
  return postgresDeadLetters({ connection: url, schema: scope, migrate: true, maxConnections: 2 });
}

function idempotency({ kind, url, scope }: StoreAddress): IdempotencyStore {
  return kind === 'redis'
    ? redisIdempotency({ connection: url, prefix: `${scope}:calls:` })
    : postgresIdempotency({ connection: url, schema: `${scope}_calls`, migrate: true, maxConnections: 2 });
}
