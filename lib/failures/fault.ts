import { errorFacts, type ErrorFacts } from '../common/dispatch-error.js';
import { Event } from '../message/message.js';
import type { MessageContext } from '../message/message-context.js';
import { Message } from '../message/message.decorator.js';

/** What a fault says of the error. Plain data, so that it travels. */
export type FaultError = ErrorFacts;

/**
 * A handler has given up on a message: published after its last attempt where the option `faults` of the module is set, as any
 * event, with the correlation of the message. At least once: a process that dies while it parks a message tells it again. A
 * fault whose own handler fails makes no further fault.
 */
@Message('dispatch.fault')
export class Fault<T extends object = object> extends Event {
  constructor(
    /** The message; plain data where the fault came through a queue. */
    readonly faulted: T,
    /** The wire name of the message. */
    readonly messageName: string,
    readonly messageId: string,
    /** The class name of the handler. */
    readonly handler: string,
    /** How many attempts were made. */
    readonly attempts: number,
    readonly error: FaultError,
  ) {
    super();
  }

  /** The fault of a handler at the message of a context. */
  static of({ message, name, id, handler, attempt }: MessageContext, error: unknown): Fault {
    return new Fault(message, name, id, handler.name, attempt, errorFacts(error));
  }
}
