import type { MessageContext } from '../message/message-context.js';
import { DispatchNotification } from './notification.js';

/**
 * A message was stored in a queue for one handler. Where the worker is in the same process, it may have started by the time
 * this is told.
 */
export class TaskEnqueuedNotification extends DispatchNotification {
  constructor(
    readonly messageName: string,
    readonly messageId: string,
    /** The handler it is for; undefined where the sender does not know it. */
    readonly handler: string | undefined,
    readonly queue: string,
    /** With which its state can be asked for. */
    readonly receiptId: string,
  ) {
    super();
  }
}

/** A message was not stored in a queue, or was dropped from it unhandled; its sender got the same error. */
export class TaskRejectedNotification extends DispatchNotification {
  constructor(
    readonly messageName: string,
    readonly messageId: string,
    readonly queue: string,
    readonly error: unknown,
    /** Which message of its in-memory queue it was, counted from 1, where it was dropped from one; undefined elsewhere. */
    readonly sequence?: number,
  ) {
    super();
  }
}

/** A handler is about to be run for a message from a queue. */
export class TaskStartedNotification extends DispatchNotification {
  constructor(
    readonly context: MessageContext,
    readonly queue: string,
  ) {
    super();
  }
}

/** A handler failed at a message from a queue, which is tried again. */
export class TaskRetriedNotification extends DispatchNotification {
  constructor(
    readonly context: MessageContext,
    readonly queue: string,
    readonly error: unknown,
    /** How long until the next attempt, in milliseconds. */
    readonly delayMs: number,
  ) {
    super();
  }
}

/** A message from a queue was handled. */
export class TaskCompletedNotification extends DispatchNotification {
  constructor(
    readonly context: MessageContext,
    readonly queue: string,
    readonly result: unknown,
    /** From the start of the attempt, in milliseconds. */
    readonly durationMs: number,
  ) {
    super();
  }
}

/** A message from a queue is parked: no further attempt is made. */
export class TaskFailedNotification extends DispatchNotification {
  constructor(
    readonly messageName: string,
    /** The id of its entry in the queue. */
    readonly entryId: string,
    readonly queue: string,
    /** `failed` where its handler gave up on it; the others where it never reached one. */
    readonly place: 'failed' | 'unreadable' | 'unhandled' | 'invalid',
    readonly error: unknown,
    readonly attempt: number,
  ) {
    super();
  }
}

/** A worker died, or lost its hold on a message, while a handler ran: the message is handed out again. */
export class TaskStalledNotification extends DispatchNotification {
  constructor(
    /** The id of its entry in the queue. */
    readonly entryId: string,
    readonly queue: string,
  ) {
    super();
  }
}

/** A queue was paused by this process. */
export class QueuePausedNotification extends DispatchNotification {
  constructor(readonly queue: string) {
    super();
  }
}

/** A queue was resumed by this process. */
export class QueueResumedNotification extends DispatchNotification {
  constructor(readonly queue: string) {
    super();
  }
}

/** A worker of this process found its queue empty. */
export class QueueDrainedNotification extends DispatchNotification {
  constructor(readonly queue: string) {
    super();
  }
}

/** The store behind a queue fails; it is tried again until it answers. */
export class QueueErrorNotification extends DispatchNotification {
  constructor(
    /** The queue concerned, where it is one. */
    readonly queue: string | undefined,
    readonly error: Error,
  ) {
    super();
  }
}

/** A queue is outside its limits; told again at each look while it is. */
export class QueueAlertNotification extends DispatchNotification {
  constructor(
    readonly queue: string,
    /** `waiting`, `failed`: above the limit. `idle`: messages wait and do not get fewer while the worker of this process is given none. */
    readonly alert: 'waiting' | 'failed' | 'idle',
    readonly count: number,
    /** What the count may be. */
    readonly limit: number,
  ) {
    super();
  }
}
