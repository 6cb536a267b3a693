import type { Envelope } from '../message/envelope.js';
import type { MessageContext } from '../message/message-context.js';
import { DispatchNotification } from './notification.js';

/** A command is about to be handled: its behaviors and its handler come next. */
export class CommandInitiatedNotification extends DispatchNotification {
  constructor(readonly context: MessageContext) {
    super();
  }
}

/** A command was handled. */
export class CommandCompletedNotification extends DispatchNotification {
  constructor(
    readonly context: MessageContext,
    /** What the handler returned, as the behaviors left it. */
    readonly result: unknown,
    /** From the start of the first behavior to the result, in milliseconds. */
    readonly durationMs: number,
  ) {
    super();
  }
}

/** A command was not handled: its handler or a behavior threw. */
export class CommandFailedNotification extends DispatchNotification {
  constructor(
    readonly context: MessageContext,
    readonly error: unknown,
    /** From the start of the first behavior to the error, in milliseconds. */
    readonly durationMs: number,
  ) {
    super();
  }
}

/** A query is about to be answered: its behaviors and its handler come next. */
export class QueryInitiatedNotification extends DispatchNotification {
  constructor(readonly context: MessageContext) {
    super();
  }
}

/** A query was answered. */
export class QueryCompletedNotification extends DispatchNotification {
  constructor(
    readonly context: MessageContext,
    /** What the handler returned, as the behaviors left it. */
    readonly result: unknown,
    /** From the start of the first behavior to the result, in milliseconds. */
    readonly durationMs: number,
  ) {
    super();
  }
}

/** A query was not answered: its handler or a behavior threw. */
export class QueryFailedNotification extends DispatchNotification {
  constructor(
    readonly context: MessageContext,
    readonly error: unknown,
    /** From the start of the first behavior to the error, in milliseconds. */
    readonly durationMs: number,
  ) {
    super();
  }
}

/** An event was accepted and is handed to its handlers. */
export class EventPublishedNotification extends DispatchNotification {
  constructor(
    readonly envelope: Envelope,
    /** How many handlers it has; 0 means that it ends here. */
    readonly handlerCount: number,
  ) {
    super();
  }
}

/** One handler of an event is done with it. */
export class EventHandledNotification extends DispatchNotification {
  constructor(
    /** The context of this handler; each handler of an event has its own. */
    readonly context: MessageContext,
    /** From the start of the first behavior to the end of the handler, in milliseconds. */
    readonly durationMs: number,
  ) {
    super();
  }
}

/** One handler of an event threw; the others are not affected. */
export class EventHandlingFailedNotification extends DispatchNotification {
  constructor(
    /** The context of this handler; each handler of an event has its own. */
    readonly context: MessageContext,
    readonly error: unknown,
    /** From the start of the first behavior to the error, in milliseconds. */
    readonly durationMs: number,
  ) {
    super();
  }
}

/**
 * A message came through a queue that its transactional handler had handled before: the inbox knew it. The handler was not called, and the
 * message counts as handled, without a result.
 */
export class MessageDuplicateNotification extends DispatchNotification {
  constructor(
    /** The context of this handler, as it would have been given. */
    readonly context: MessageContext,
  ) {
    super();
  }
}

/**
 * A numbered message did not come in its turn. `late`: its number was handled, or left out, and it is discarded. `gap`: the
 * numbers from the one that is expected up to it, or up to an earlier one that waits, did not come and are left out.
 */
export class MessageOutOfSequenceNotification extends DispatchNotification {
  constructor(
    readonly context: MessageContext,
    /** Of its stream, by `@InSequence`. */
    readonly sequenceKey: string,
    readonly sequence: number,
    /** The number that was expected when it came. */
    readonly expected: number,
    readonly fate: 'late' | 'gap',
  ) {
    super();
  }
}

/** A command, query or event has no handler. For a command or query the sender also gets an error. */
export class MessageUnhandledNotification extends DispatchNotification {
  constructor(readonly envelope: Envelope) {
    super();
  }
}
