import { DispatchError } from '../../common/dispatch-error.js';
import type { WireError, WireErrorDetails } from './queue-backend.port.js';

/** The store behind a queue does not answer. Whether the message arrived is not known where `mayBeStored` is true. */
export class QueueUnavailableError extends DispatchError {
  readonly code = 'DISPATCH_QUEUE_UNAVAILABLE';

  constructor(
    /** What was tried, as `sending 3 messages to the queue "orders"`. */
    readonly attempted: string,
    /** Which store, without credentials, as `Redis at 127.0.0.1:6379`. */
    readonly store: string,
    options: ErrorOptions & { readonly mayBeStored?: boolean } = {},
  ) {
    super(`${store} does not answer, so ${attempted} failed: check that it runs and can be reached.`, options);
    this.mayBeStored = options.mayBeStored ?? false;
  }

  /** True where the message was on its way when the connection broke: it may be handled all the same. */
  readonly mayBeStored: boolean;
}

/** A queue holds as many entries as it may, so a message was not accepted, or was dropped for a newer one. */
export class QueueFullError extends DispatchError {
  readonly code = 'DISPATCH_QUEUE_FULL';

  constructor(
    readonly messageName: string,
    readonly queue: string,
    /** How many entries the queue may hold. */
    readonly limit: number,
    /** What happened to the message. */
    readonly fate: 'refused' | 'dropped' = 'refused',
  ) {
    const what = fate === 'refused' ? 'was not accepted' : 'was dropped unhandled';
    super(`"${messageName}" ${what}: the queue "${queue}" is at capacity (${limit}). Send later, or add workers.`);
  }
}

/** The queue was closed while a message waited in it, and nothing keeps the message any longer. */
export class QueueClosedError extends DispatchError {
  readonly code = 'DISPATCH_QUEUE_CLOSED';

  constructor(
    readonly messageName: string,
    readonly queue: string,
  ) {
    super(
      `"${messageName}" was dropped unhandled: the queue "${queue}" is closed, and is kept in memory only. Send it again once the application has started, or use a durable queue backend.`,
    );
  }
}

/** The reason of a signal that aborts because the store gave the entry to another worker, or took it away. */
export class LockLostError extends DispatchError {
  readonly code = 'DISPATCH_LOCK_LOST';

  constructor(
    readonly queue: string,
    readonly entryId: string,
  ) {
    super(
      `This worker has lost its hold on the entry ${entryId} of the queue "${queue}": it did not renew it in time, and another worker may be at it. Stop; what you return is not kept.`,
    );
  }
}

/** Somebody cancelled the message. */
export class CancelledError extends DispatchError {
  readonly code = 'DISPATCH_CANCELLED';

  constructor(readonly entryId: string) {
    super(`The message ${entryId} was cancelled.`);
  }
}

/** The options of queues, or of a queue backend, cannot be kept. Lists everything that is wrong. */
export class InvalidQueueOptionsError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_QUEUE_OPTIONS';

  constructor(
    /** Whose options, as `bullmq()`. */
    readonly subject: string,
    readonly problems: readonly string[],
  ) {
    super(`The options of ${subject} cannot be used: ${problems.join('; ')}.`);
  }
}

/** A schedule cannot be kept. */
export class InvalidScheduleError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_SCHEDULE';

  constructor(
    readonly scheduleId: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`The schedule "${scheduleId}" was not made: ${problem}.`, options);
  }
}

/** A queue holds something that is no entry of this package, or one of a format this release does not know. */
export class UnreadableEntryError extends DispatchError {
  readonly code = 'DISPATCH_UNREADABLE_ENTRY';

  constructor(
    readonly queue: string,
    readonly entryId: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(
      `The entry ${entryId} of the queue "${queue}" cannot be read: ${problem}. It is parked as unreadable.`,
      options,
    );
  }
}

/** A queue holds a message that nothing in this process handles. */
export class UnhandledEntryError extends DispatchError {
  readonly code = 'DISPATCH_UNHANDLED_ENTRY';

  constructor(
    readonly queue: string,
    readonly messageName: string,
    readonly version: number,
    missing: string,
  ) {
    super(
      `"${messageName}" version ${version} came through the queue "${queue}", but ${missing}. It is parked as unhandled: deploy the handler here, or keep this process off the queue.`,
    );
  }
}

/** A parked message cannot be put back: its queue holds one of its id, which is being parked itself or was sent again. */
export class ParkedEntryBusyError extends DispatchError {
  readonly code = 'DISPATCH_PARKED_ENTRY_BUSY';

  constructor(
    readonly queue: string,
    readonly entryId: string,
  ) {
    super(
      `The parked entry ${entryId} of the queue "${queue}" was not put back, since the queue holds an entry of its id. Try again later; discard it where the message was sent again.`,
    );
  }
}

/** A handler was started as often as it may, and each time its process ended before it did. */
export class AttemptsExhaustedError extends DispatchError {
  readonly code = 'DISPATCH_ATTEMPTS_EXHAUSTED';

  constructor(
    readonly messageName: string,
    readonly attemptCount: number,
  ) {
    super(
      `"${messageName}" was started ${attemptCount} times and never ended: its handler may kill or block the process. It is parked as failed.`,
    );
  }
}

/** A message was not handed to its handler: its queue is `sequenced`, and an earlier message of its key is parked. */
export class ParkedBehindError extends DispatchError {
  readonly code = 'DISPATCH_PARKED_BEHIND';

  constructor(
    readonly messageName: string,
    readonly queue: string,
    /** The entry that has to be handled or discarded first. */
    readonly behindEntryId: string,
  ) {
    super(
      `"${messageName}" is parked unhandled in the queue "${queue}", behind ${behindEntryId}, an earlier message of its key: replay or discard that one, and this one follows.`,
    );
  }
}

/** No reply came in time. The message may still be handled. */
export class ReplyTimeoutError extends DispatchError {
  readonly code = 'DISPATCH_REPLY_TIMEOUT';

  constructor(
    readonly messageName: string,
    /** Of the receipt, with which the result can still be asked for. */
    readonly receiptId: string,
    readonly timeoutMs: number,
    /** Why there could be none, where that is known. */
    readonly reason?: string,
  ) {
    const late = `No reply to "${messageName}" within ${timeoutMs} ms`;
    const advice = `Ask again with dispatcher.receipt('${receiptId}'), or raise timeoutMs.`;
    super(`${late}; it may still be handled. ${reason ?? advice}`);
  }
}

/** The application shut down while a caller waited for a reply. The message may still be handled. */
export class ReplyAbandonedError extends DispatchError {
  readonly code = 'DISPATCH_REPLY_ABANDONED';

  constructor(
    readonly messageName: string,
    /** Of the receipt, with which another instance can ask for the result. */
    readonly receiptId: string,
  ) {
    super(
      `The application shut down before the reply to "${messageName}" came; it may still be handled. Ask another instance with dispatcher.receipt('${receiptId}').`,
    );
  }
}

/** The queue no longer keeps what is asked for, or never had it. */
export class ResultUnknownError extends DispatchError {
  readonly code = 'DISPATCH_RESULT_UNKNOWN';

  constructor(readonly receiptId: string) {
    super(
      `Nothing is known of ${receiptId}: it was cancelled, its result is older than "keepCompleted" of the queue allows, or it never was.`,
    );
  }
}

/**
 * A handler failed in another process. Name, message and code are those of its error, and so are violations and HTTP
 * status where it had them; `stack` is the handler's where it was told.
 */
export class RemoteError extends DispatchError {
  /** The code of the handler's error; `DISPATCH_REMOTE_ERROR` where it had none. */
  readonly code: string = 'DISPATCH_REMOTE_ERROR';
  /** What is wrong with a message that broke the rules of its class; there only where that was the error. */
  declare readonly violations?: NonNullable<WireErrorDetails['violations']>;
  /** Status and body of the `HttpException` that the handler threw; there only where it did. */
  declare readonly http?: NonNullable<WireErrorDetails['http']>;

  constructor({ name, message, code, details }: Omit<WireError, 'stack'>) {
    super(message);
    this.name = name;
    if (code !== undefined) this.code = code;
    // From a store: whatever else is there stays there.
    if (details?.violations !== undefined) this.violations = details.violations;
    if (details?.http !== undefined) this.http = details.http;
  }
}
