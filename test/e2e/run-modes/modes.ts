import { randomUUID } from 'node:crypto';

import {
  inMemoryQueue,
  RunMode,
  type DispatchOptions,
  type QueueBackendFactory,
  type QueueOptions,
} from 'nestjs-dispatch';
import { bullmq, bullmqPostgres } from 'nestjs-dispatch/bullmq';

import { start, type Application, type Setup } from '../../unit/dispatcher/application.js';

/** One of the ways in which an application can run the same handlers. */
export interface Mode {
  /** As the title of a test says it. */
  readonly name: string;
  /** What keeps the queues; undefined where handlers run in the caller's turn. */
  readonly queue: (() => QueueBackendFactory) | undefined;
}

/** An application that runs in one mode. */
export interface ModeApplication extends Application {
  /** The one queue its messages go through; undefined in the caller's turn. */
  readonly queue: string | undefined;
}

/** What an application in one mode consists of. */
export interface ModeSetup extends Setup {
  /** How its queue is set; of no meaning in the caller's turn. */
  readonly settings?: QueueOptions;
  /** The name of its queue, to share it with another application. Default: one of its own. */
  readonly queue?: string;
}

const redisUrl = process.env['TEST_REDIS_URL'] ?? '';
const postgresUrl = process.env['TEST_POSTGRES_URL'] ?? '';

/** The queues, by what keeps them. */
export const QUEUED_MODES: readonly (Mode & { readonly queue: () => QueueBackendFactory })[] = [
  { name: 'a queue in memory', queue: () => inMemoryQueue() },
  { name: 'BullMQ on Redis', queue: () => bullmq({ connection: redisUrl, prefix: 'test-modes' }) },
  {
    name: 'BullMQ on Postgres',
    queue: () => bullmqPostgres({ connection: postgresUrl, schema: 'test_modes', migrate: true }),
  },
];

/** Those that several applications, in any number of processes, can share. */
export const SHARED_MODES = QUEUED_MODES.slice(1);

/** All of them. */
export const MODES: readonly Mode[] = [{ name: "the caller's turn", queue: undefined }, ...QUEUED_MODES];

/**
 * Starts an application in one mode, chosen by options alone: the handlers are the same for all. Its queue is its own, and
 * a handler that throws is not tried again there, as it is not in the caller's turn.
 */
export async function startIn(
  mode: Mode,
  { options, settings, queue = newQueue(), ...setup }: ModeSetup,
): Promise<ModeApplication> {
  if (mode.queue === undefined)
    return { ...(await start({ ...setup, ...(options && { options }) })), queue: undefined };
  const queued: DispatchOptions = {
    runMode: RunMode.Async,
    queue: mode.queue(),
    queues: { default: queue, defaults: { maxAttempts: 1, ...settings } },
  };
  return { ...(await start({ ...setup, options: { ...queued, ...options } })), queue };
}

/** A name that no other test has for its queue. */
export function newQueue(): string {
  return `test-${randomUUID()}`;
}
