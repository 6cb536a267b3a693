import type { MessageContext } from '../../message/message-context.js';
import type { MessageKind } from '../../message/message.js';
import type { RunMode } from '../../message/run-mode.js';
import { DispatchNotification } from '../notification.js';

/** Where a message goes, and why. */
export interface MessageRouting {
  readonly messageName: string;
  readonly messageId: string;
  readonly kind: MessageKind;
  /** The key of the handler, as `context.handler.key`; undefined where no handler of this process is meant. */
  readonly handler: string | undefined;
  readonly runMode: RunMode;
  /** The queue it goes through; undefined in the caller's turn. */
  readonly queue: string | undefined;
  /** What decided the run mode, as the end of "because of …", and as `explain()` says it. */
  readonly runModeBecauseOf: string;
  /** What decided the queue; undefined in the caller's turn. */
  readonly queueBecauseOf: string | undefined;
}

/**
 * It was decided where a message goes: one for each handler, before it is called or its queue is asked, which may still
 * refuse it. What a worker takes from a queue was decided when it was sent; what a schedule makes, when that was made.
 */
export class MessageRoutedNotification extends DispatchNotification implements MessageRouting {
  readonly messageName: string;
  readonly messageId: string;
  readonly kind: MessageKind;
  readonly handler: string | undefined;
  readonly runMode: RunMode;
  readonly queue: string | undefined;
  readonly runModeBecauseOf: string;
  readonly queueBecauseOf: string | undefined;

  constructor(routing: MessageRouting) {
    super();
    this.messageName = routing.messageName;
    this.messageId = routing.messageId;
    this.kind = routing.kind;
    this.handler = routing.handler;
    this.runMode = routing.runMode;
    this.queue = routing.queue;
    this.runModeBecauseOf = routing.runModeBecauseOf;
    this.queueBecauseOf = routing.queueBecauseOf;
  }
}

/** What is done about a failure: the action of a policy, or `rethrow` where no queue can do what it says. */
export interface DecidedAction {
  readonly action: 'retry' | 'schedule' | 'requeue' | 'discard' | 'deadLetter' | 'rethrow';
  /** In milliseconds from the failure, before jitter; of `retry` and `schedule`. */
  readonly delayMs?: number;
  /** Of `discard`. */
  readonly reason?: string;
  /** Of `deadLetter`, where it is named. */
  readonly place?: string | undefined;
  /** For how long the queue rests, in milliseconds. */
  readonly pauseQueueMs?: number;
}

/** A failure policy has decided about one attempt of a handler; what it says is done next. */
export class FailureDecidedNotification extends DispatchNotification {
  constructor(
    readonly context: MessageContext,
    readonly error: unknown,
    /** How many attempts were made, this one included, from 1. */
    readonly attempt: number,
    /** What decided: a line of the table of `explain()`, or that no further attempt is allowed. */
    readonly rule: string,
    readonly action: DecidedAction,
  ) {
    super();
  }
}
