import { ConnectionClosedError, PostgresConnection, type PgPool } from 'bullmq';

import type { ChannelListener } from './listening/channel-listener.js';
import { isOutage, type Database } from './database.js';

/** What all BullMQ queues and workers of one application share. */
export interface SharedConnections {
  readonly database: Database;
  readonly listener: ChannelListener;
}

/**
 * BullMQ's functions that end a job; the schema has ours of the same form. Where a release of BullMQ calls others, its own
 * retention is at work, which is slower.
 */
const FINISHING = /\bmove_to_(?:completed|failed)(?:_fetch)?(?=\()/;

/** How the queries of one BullMQ object behave. */
export interface ConnectionBehavior {
  /** Of a server that does not answer: tried again until it does, or told as BullMQ's workers expect it, who try again. */
  readonly inOutage: 'throw' | 'retry' | 'throwForWorker';
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number;
  onError(error: Error): void;
}

/** The connection of one BullMQ queue or worker: no more than a view of what the application shares. */
export class StoreConnection extends PostgresConnection {
  constructor(
    readonly shared: SharedConnections,
    behavior: ConnectionBehavior,
  ) {
    super(sharedPool(shared.database, behavior));
  }

  /** The store has checked the schema when it opened. */
  override async waitUntilReady(): Promise<void> {}

  /** What is shared is closed by the store. */
  override async close(): Promise<void> {}
}

function sharedPool(database: Database, behavior: ConnectionBehavior): PgPool {
  const pool: PgPool = {
    async query<R>(text: string, values?: readonly unknown[]) {
      const ours = text.replace(FINISHING, 'dispatch_$&');
      const rows = await answered(database, behavior, () => database.query<R>(ours, values, behavior.timeoutMs));
      return { rows, rowCount: rows.length };
    },
    // Only for what BullMQ does when it connects, listens and closes, which the store does instead.
    connect: () => Promise.reject(new ConnectionClosedError()),
    end: () => Promise.resolve(),
    on: () => pool,
    removeAllListeners: () => pool,
  };
  return pool;
}

async function answered<T>(database: Database, behavior: ConnectionBehavior, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isOutage(error)) throw error;
    if (behavior.inOutage === 'throw') throw error;
    behavior.onError(error);
    if (behavior.inOutage === 'throwForWorker') throw new ConnectionClosedError();
    await database.becomesReady();
    return answered(database, behavior, ask);
  }
}
