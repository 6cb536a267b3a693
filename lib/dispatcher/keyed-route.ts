import type { KeyHandler } from './raw-intake.js';
import type { MessageDefinition } from '../message/message.decorator.js';
import type { MessageKind } from '../message/message.js';
import type { HandlerContext, SendOptions } from '../message/message-context.js';

/** Where a key leads: the message class it stands for and what that class is to its handlers. */
export interface KeyedRoute {
  readonly kind: MessageKind;
  readonly definition: MessageDefinition;
}

/** A message that is known by a key and has no class. */
export interface KeyedPayload {
  readonly key: string;
  readonly payload: unknown;
  readonly options: SendOptions;
}

/**
 * Dispatches messages that are known by a key instead of a class. Looking up has no effect; dispatching runs behaviors
 * and handlers as for a message sent as an object. Safe to call concurrently; no order is promised between messages.
 */
export interface KeyedDispatch {
  /**
   * Finds the message class behind a key: a message name or one of a handler's `keys`.
   * @param version the version of the payload; undefined means the newest that is known
   */
  routeFor(key: string, version: number | undefined): KeyedRoute | undefined;
  /**
   * Runs the handlers of a message. A command or query resolves with its handler's result; an event resolves when every
   * handler in this turn is done, and every other has the event in its queue.
   * @throws DISPATCH_INVALID_MESSAGE when the message breaks the rules of its class
   * @throws DISPATCH_CLOSED when the application is shutting down
   * @throws what a handler throws, an AggregateError for an event; always as a rejection
   */
  dispatchTo(route: KeyedRoute, message: object, options: SendOptions): Promise<unknown>;
  /** Says that a function is there to be run, so that a context is kept for it where it can see one. */
  noteFunction(work: KeyHandler): void;
  /**
   * Runs a function as the handler of a message that has no class: in a context of its own, so that what it sends keeps
   * correlation and causation, and waited for at shutdown.
   * @throws what the function throws, as a rejection
   */
  runFunction(message: KeyedPayload, work: (context: HandlerContext) => unknown): Promise<unknown>;
}
