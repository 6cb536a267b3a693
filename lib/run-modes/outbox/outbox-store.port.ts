import type { QueueEntry, WireError } from '../queue/queue-backend.port.js';

/** What a queue is given of a message, but for how long it is kept back: that is counted from the send. */
export type OutboxEntry = Omit<QueueEntry, 'delayMs' | 'replyTo' | 'isForwarded'>;

/** A message on its way to a queue. */
export interface NewOutboxMessage {
  readonly queue: string;
  readonly entry: OutboxEntry;
  /** When the queue may hand it out, in milliseconds since 1970 by the clock of the sender; undefined for at once. */
  readonly dueAtMs: number | undefined;
}

/** A message that is committed, and not yet known to be in its queue. */
export interface OutboxMessage extends NewOutboxMessage {
  /** What the store knows it by. */
  readonly id: string;
  /** How often its queue has refused it so far. */
  readonly attempts: number;
  readonly addedAt: Date;
}

/** What became of a message that was handed to its queue. One that nothing is said of stays as it was. */
export type OutboxEnd =
  | { readonly id: string; readonly status: 'sent' }
  /** Its queue refused it; it comes again after `delayMs` milliseconds, and what is behind it with its key waits. */
  | { readonly id: string; readonly status: 'retry'; readonly delayMs: number; readonly error: WireError }
  /** It is set aside, and holds up nothing any more. */
  | { readonly id: string; readonly status: 'failed'; readonly error: WireError };

/** Messages that one relay has for itself. */
export interface OutboxBatch {
  /** Names whoever has taken them. */
  readonly token: string;
  /** In the order in which those of one queue and key are to be handed over. */
  readonly messages: readonly OutboxMessage[];
}

/** How many messages a relay takes, and for how long. */
export interface OutboxTake {
  /** The most messages, from 1. */
  readonly limit: number;
  /** How long nobody else gets them, in milliseconds; then they count as given up, as of a process that died. */
  readonly leaseMs: number;
  /** Queues of which none are wanted now, however many there are and however long they have waited. Default none. */
  readonly without?: readonly string[];
}

/** A message that was set aside. */
export interface FailedOutboxMessage {
  readonly id: string;
  readonly queue: string;
  /** The wire name of the message. */
  readonly name: string;
  /** The id of its entry in the queue. */
  readonly entryId: string;
  readonly key: string | undefined;
  readonly attempts: number;
  readonly error: WireError;
  readonly addedAt: Date;
  readonly failedAt: Date;
}

/** How many messages there are. */
export interface OutboxCounts {
  /** Committed and not yet known to be in their queues. */
  readonly waiting: number;
  /** How many of these were refused before, and are tried again. */
  readonly retrying: number;
  /** How long ago the oldest of them was added, in milliseconds; 0 where there is none. */
  readonly oldestWaitingMs: number;
  /** Set aside. */
  readonly failed: number;
}

/**
 * Keeps messages from the commit of the transaction they were sent in until their queues have them.
 *
 * Delivery: at least once; a message is given again until it is settled. Order: those of one queue and key are given in the
 * order in which they were added; of transactions that run side by side, in the order of their commits or of their adding. No two
 * takers have messages of one queue and key at once. Concurrency: every method may be called at any time between `open` and
 * `close`, by any number of processes where it is shared. All methods reject where the store cannot be reached.
 *
 * @typeParam Transaction what the store takes as the caller's own transaction
 */
export interface OutboxStore<Transaction = unknown> {
  /** Whether all processes see the same, and it is still there after a restart. */
  readonly isShared: boolean;
  /** Called once, when the application starts. */
  open?(): Promise<void>;
  /**
   * Adds messages, in this order, to the caller's transaction: they are there when that commits, and never where it is rolled
   * back. Rejects where the transaction is none that the store can write in; then nothing is added.
   */
  add(messages: readonly NewOutboxMessage[], transaction: Transaction): Promise<void>;
  /** Takes messages that nobody else has. @returns undefined where there is nothing to be done now */
  take(take: OutboxTake): Promise<OutboxBatch | undefined>;
  /**
   * Keeps what became of messages that were taken, and gives back what nothing is said of; then, where `next` is given, takes more,
   * which may be cheaper than to ask anew. May be repeated without `next`.
   *
   * @returns undefined where there is no more to be done now, or none was asked for
   */
  settle(batch: OutboxBatch, ends: readonly OutboxEnd[], next?: OutboxTake): Promise<OutboxBatch | undefined>;
  /** Calls `wake` when there may be something to take; a hint, which may be lost. @returns what ends it */
  watch?(wake: () => void): () => void;
  counts(): Promise<OutboxCounts>;
  /** Those that were set aside, the oldest first, behind the one of that id. */
  failed(page: {
    readonly limit: number;
    readonly after?: string | undefined;
  }): Promise<readonly FailedOutboxMessage[]>;
  /**
   * Has messages that were set aside tried again as if for the first time; all of them where no ids are given. What is not set
   * aside is left alone.
   *
   * @returns how many
   */
  retry(ids?: readonly string[]): Promise<number>;
  /** Called once, when the application has closed. */
  close?(): Promise<void>;
}
