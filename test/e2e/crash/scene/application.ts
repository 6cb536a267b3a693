import {
  RunMode,
  type DeadLetterStore,
  type DispatchOptions,
  type IdempotencyStore,
  type QueueOptions,
  type QueueRole,
  type TransactionsOptions,
} from '../../../../lib/index.js';
import {
  postgresDeadLetters,
  postgresIdempotency,
  postgresInbox,
  postgresTransactions,
} from '../../../../lib/integrations/postgres/index.js';
import { redisIdempotency } from '../../../../lib/integrations/redis/index.js';
import type { ProcessConfig } from '../../../processes/programs.js';
import { backendAt, type StoreAddress } from '../../../processes/stores.js';
import { Apply, ApplyOnce, Write } from './messages.js';

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
  /** A Postgres for transactional handlers: their rows are in the table `effects` of its schema, and the inbox beside it. */
  readonly effects?: StoreAddress | undefined;
}

/** What a process of a scene is told when it is started. */
export interface SceneConfig extends Agreement, ProcessConfig {
  /** How many of a hundred attempts fail; which ones depends on the message and the attempt alone. */
  readonly failPercent: number;
  /** How many letters a replayer sends in a second. */
  readonly ratePerSecond?: number;
}

/** The key of all that a shop sends. */
export const ORDERS_KEY = 'order';

/** What a shop is told beside: it stores orders, each with a message, in transactions one after the other. */
export interface ShopConfig {
  /** Where orders and outbox are: a schema of their own. */
  readonly orders: StoreAddress;
  /** The number of the first order. */
  readonly from: number;
  readonly count: number;
  /** Where it kills itself once half of them are committed: before a commit, before it takes what is committed, or when the queue has it. */
  readonly dieAt?: 'committing' | 'relaying' | 'relayed';
}

/** The options of an application of a scene. */
export function dispatchOptions(agreement: Agreement, role: QueueRole): DispatchOptions {
  const { store, queue, whenDown, callLockMs, letters, effects } = agreement;
  return {
    role,
    queue: backendAt(store, whenDown),
    queues: { each: { [QUEUE]: queue } },
    routes: [{ messages: [Apply, ApplyOnce, Write], queue: QUEUE, runMode: RunMode.Async }],
    drainTimeoutMs: 500,
    ...(role === 'work' && { idempotency: { store: idempotency(store), lockMs: callLockMs } }),
    ...(role === 'work' && effects && { transactions: transactionsIn(effects) }),
    ...(letters && { deadLetters: { store: lettersIn(letters) } }),
  };
}

function transactionsIn({ url: connection, scope: schema }: StoreAddress): TransactionsOptions {
  const store = postgresInbox({ connection, schema, migrate: true, maxConnections: 1 });
  return { scope: postgresTransactions({ connection }), inbox: { store } };
}

function lettersIn({ url, scope }: StoreAddress): DeadLetterStore {
  return postgresDeadLetters({ connection: url, schema: scope, migrate: true, maxConnections: 2 });
}

function idempotency({ kind, url, scope }: StoreAddress): IdempotencyStore {
  return kind === 'redis'
    ? redisIdempotency({ connection: url, prefix: `${scope}:calls:` })
    : postgresIdempotency({ connection: url, schema: `${scope}_calls`, migrate: true, maxConnections: 2 });
}
