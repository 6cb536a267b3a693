/**
 * How a message in a queue stands. `unknown`: it never was, was cancelled while it waited, or is kept no longer.
 * `failed` counts parked messages of every kind.
 */
export type ReceiptStatus = 'waiting' | 'delayed' | 'active' | 'completed' | 'failed' | 'unknown';

/** What cancelling a message came to. `requested`: its handler is running, and its signal aborts. */
export type CancelOutcome = 'cancelled' | 'requested' | 'finished' | 'unknown';

/** How long to wait for a result. */
export interface ResultOptions {
  /** In milliseconds from the call; 0 looks once. Default 30 000. */
  readonly timeoutMs?: number;
}

/**
 * What the sender of a queued message has in hand. It holds no state: every method asks the queue, so a receipt made from
 * the same id in another process, or after a restart, is as good.
 */
export interface Receipt<R = unknown> {
  /** Names the message and its place: `'<message id>@<place>'`. Keep it, and ask `dispatcher.receipt(id)` anywhere. */
  readonly id: string;
  readonly messageId: string;
  status(): Promise<ReceiptStatus>;
  /**
   * Waits for the handler's result. It is kept as long as the queue keeps completed messages.
   *
   * @throws DISPATCH_REPLY_TIMEOUT, DISPATCH_RESULT_UNKNOWN where the queue knows nothing of the message, or the handler's
   * error as a `RemoteError` with its name, message and code
   */
  result(options?: ResultOptions): Promise<R>;
  /** What the handler last said with `context.progress()`. */
  progress(): Promise<unknown>;
  /** Removes the message where it waits, or aborts the signal of its handler, in whichever process that runs. */
  cancel(): Promise<CancelOutcome>;
}
