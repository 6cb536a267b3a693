import type { MessageContext } from '../message/message-context.js';
import { DispatchNotification } from './notification.js';

/** What is known of a message in a queue. Every notification of one says it by these names. */
export interface TaskFacts {
  /** Undefined where the store tells of an entry without what is in it. */
  readonly messageName: string | undefined;
  /** Undefined where the entry is none of ours, or the store tells of it without what is in it. */
  readonly messageId: string | undefined;
  /** The key of the handler it is for, as `context.handler.key`; undefined where it is not known. */
  readonly handler: string | undefined;
  readonly queue: string;
  /** What `dispatcher.receipt()` asks for its state with; undefined for what was never stored. */
  readonly receiptId: string | undefined;
}

/** Something happened to one message in a queue. */
export abstract class TaskNotification extends DispatchNotification implements TaskFacts {
  readonly messageName: string | undefined;
  readonly messageId: string | undefined;
  readonly handler: string | undefined;
  readonly queue: string;
  readonly receiptId: string | undefined;

  constructor({ messageName, messageId, handler, queue, receiptId }: TaskFacts) {
    super();
    this.messageName = messageName;
    this.messageId = messageId;
    this.handler = handler;
    this.queue = queue;
    this.receiptId = receiptId;
  }
}

/**
 * A message was stored in a queue for one handler. Where the worker is in the same process, it may have started by the time
 * this is told.
 */
export class TaskEnqueuedNotification extends TaskNotification {
  declare readonly messageName: string;
  declare readonly messageId: string;
  declare readonly receiptId: string;

  constructor(messageName: string, messageId: string, handler: string | undefined, queue: string, receiptId: string) {
    super({ messageName, messageId, handler, queue, receiptId });
  }
}

/** What may be known beside of a message that a queue did not keep. */
export interface RejectedTaskFacts extends Partial<Pick<TaskFacts, 'handler' | 'receiptId'>> {
  readonly sequence?: number | undefined;
}

/** A message was not stored in a queue, or was dropped from it unhandled; its sender got the same error. */
export class TaskRejectedNotification extends TaskNotification {
  declare readonly messageName: string;
  declare readonly messageId: string;
  /** Which message of its in-memory queue it was, counted from 1, where it was dropped from one; undefined elsewhere. */
  readonly sequence: number | undefined;

  constructor(
    messageName: string,
    messageId: string,
    queue: string,
    readonly error: unknown,
    { handler, receiptId, sequence }: RejectedTaskFacts = {},
  ) {
    super({ messageName, messageId, handler, queue, receiptId });
    this.sequence = sequence;
  }
}

/** The same of a message that has reached its handler: all of it is known. */
export type HandledTaskFacts = { readonly [Name in keyof TaskFacts]: string };

/** Something happened between a message from a queue and its handler. */
export abstract class HandledTaskNotification extends TaskNotification {
  declare readonly messageName: string;
  declare readonly messageId: string;
  declare readonly handler: string;
  declare readonly receiptId: string;

  constructor(
    task: HandledTaskFacts,
    readonly context: MessageContext,
  ) {
    super(task);
  }
}

/** A handler is about to be run for a message from a queue. */
export class TaskStartedNotification extends HandledTaskNotification {}

/** A handler failed at a message from a queue, which is tried again. */
export class TaskRetriedNotification extends HandledTaskNotification {
  constructor(
    task: HandledTaskFacts,
    context: MessageContext,
    readonly error: unknown,
    /** How long until the next attempt, in milliseconds. */
    readonly delayMs: number,
  ) {
    super(task, context);
  }
}

/**
 * A message from a queue was not let through to its handler, by a circuit breaker, a rate limit or a bulkhead. It is handed
 * to it later, and no attempt was counted.
 */
export class TaskPostponedNotification extends HandledTaskNotification {
  constructor(
    task: HandledTaskFacts,
    context: MessageContext,
    readonly error: Error,
    /** How long it waits, in milliseconds. */
    readonly delayMs: number,
  ) {
    super(task, context);
  }
}

/** A message from a queue was dropped on purpose, by a failure policy. */
export class TaskDiscardedNotification extends HandledTaskNotification {
  constructor(
    task: HandledTaskFacts,
    context: MessageContext,
    readonly error: unknown,
    /** As the policy says it. */
    readonly reason: string,
  ) {
    super(task, context);
  }
}

/** A message from a queue was handled. */
export class TaskCompletedNotification extends HandledTaskNotification {
  constructor(
    task: HandledTaskFacts,
    context: MessageContext,
    readonly result: unknown,
    /** From the start of the attempt, in milliseconds. */
    readonly durationMs: number,
  ) {
    super(task, context);
  }
}

/** A message from a queue is parked: no further attempt is made. */
export class TaskFailedNotification extends TaskNotification {
  declare readonly messageName: string;
  declare readonly receiptId: string;

  constructor(
    task: TaskFacts & { readonly messageName: string; readonly receiptId: string },
    /** `failed` where its handler gave up on it; the others where it never reached one. */
    readonly place: 'failed' | 'unreadable' | 'unhandled' | 'invalid',
    readonly error: unknown,
    readonly attempt: number,
  ) {
    super(task);
  }
}

/** A worker died, or lost its hold on a message, while a handler ran: the message is handed out again. */
export class TaskStalledNotification extends TaskNotification {
  declare readonly receiptId: string;

  constructor(queue: string, receiptId: string) {
    super({ messageName: undefined, messageId: undefined, handler: undefined, queue, receiptId });
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
