/** That a handler handles a message. */
export interface InboxEntry {
  /** Names the handler, the message's name and its id: up to some thousand characters of any alphabet. */
  readonly key: string;
  /** For how long the message is known, in milliseconds from now, from 1. */
  readonly retentionMs: number;
}

/**
 * Keeps which messages handlers have handled: written in the transaction of the handler, so that a message is known if, and only if, what its handler
 * has written is there. Keys are independent of each other. Nothing is kept for longer than it is asked to, but may be deleted later.
 *
 * @typeParam Transaction what the store takes as the caller's own transaction
 */
export interface InboxStore<Transaction = unknown> {
  /** Whether all processes see the same, and it is still there after a restart. */
  readonly isShared: boolean;
  /**
   * Writes in the caller's transaction that a message is handled; it is known once that has committed, and not where it is rolled back. Where
   * another transaction that is under way has written the same, it waits for the end of that. A store that cannot tell then, since its
   * transaction sees a state from before, rejects; the handler may be tried again. To be called once in a transaction for each key.
   *
   * @returns false, and writes nothing, where it is known already
   */
  record(entry: InboxEntry, transaction: Transaction): Promise<boolean>;
  /** Called once, when the application starts: what it rejects with stops the start. */
  open?(): Promise<void>;
  /** Called once, when the application has closed: ends what the store itself has opened. */
  close?(): Promise<void>;
}
