import type { EnvelopeOptions, MessagePriority } from '../envelope.js';
import type { MessageHeaders } from '../headers.js';
import type { Command, MessageKind, PlainMessage, Query } from '../message.js';
import type { Receipt } from '../receipt.js';
import type { RunMode } from '../run-mode.js';
import type { HandlerFacts } from './handler-facts.js';

/** What a sender may say of one message. */
export interface SendOptions extends EnvelopeOptions {
  /** Overrides the run mode of the handler, of `routes` and of the module for this message. */
  readonly runMode?: RunMode;
  /** The queue the message goes through, instead of the one that is configured; means `RunMode.Async` where no run mode is given. */
  readonly queue?: string;
  /** How long a queue keeps the message back, in milliseconds from now, from 0 to 2 147 483 647. Only through a queue. */
  readonly delayMs?: number;
  /** When a queue hands the message out, instead of `delayMs`; a time that has passed means at once. Only through a queue. */
  readonly at?: Date;
  /**
   * While a message with the same id waits or is handled in the queue, this one is not stored, and its caller gets the
   * receipt, or the result, of that one. Only through a queue. That of an event whose handlers only other processes have is
   * free again once a worker has made an entry for each of them.
   */
  readonly deduplicationId?: string;
  /** The context this message is sent from. Needed only with `context: 'explicit'`, where it is not found by itself. */
  readonly context?: HandlerContext;
}

/** What a publisher who waits may say of one event. */
export interface PublishOptions extends SendOptions {
  /**
   * What to wait for: the event's handlers (default), or also the commands that sagas send in the same turn because of
   * it. Commands a saga sends later, after a timer for instance, are never waited for. Of handlers that only other
   * processes have, it is waited for a worker to make their entries.
   */
  readonly await?: 'handlers' | 'sagas';
}

/** Sends messages; what a context offers its handler, and what the dispatcher is. */
export interface MessageSender {
  send<R>(command: Command<R>, options?: SendOptions): Promise<Receipt<R>>;
  send<R = unknown>(command: PlainMessage, options?: SendOptions): Promise<Receipt<R>>;
  execute<R>(command: Command<R>, options?: SendOptions): Promise<R>;
  execute<R = unknown>(command: PlainMessage, options?: SendOptions): Promise<R>;
  query<R>(query: Query<R>, options?: SendOptions): Promise<R>;
  query<R = unknown>(query: PlainMessage, options?: SendOptions): Promise<R>;
  publish(event: PlainMessage, options?: SendOptions): Promise<void>;
  publishAll(events: readonly PlainMessage[], options?: SendOptions): Promise<void>;
  /**
   * Resolves when every handler of the event is done; where only other processes have its handlers, as soon as a worker has
   * made an entry for each of them.
   */
  publishAndWait(event: PlainMessage, options?: PublishOptions): Promise<void>;
}

/**
 * What a handler is given beside its message: the facts of the envelope, a signal to stop by, a key to be idempotent
 * by, and the verbs to send further messages, which keep correlation and causation whatever the context mode. An
 * interface, so that a test can hand a handler an object of its own.
 */
export interface HandlerContext<M extends object = object> extends MessageSender {
  readonly message: M;
  readonly id: string;
  /** The wire name of the message. */
  readonly name: string;
  readonly version: number;
  readonly kind: MessageKind;
  readonly correlationId: string;
  /** The id of the message whose handler sent this one; undefined for a first message. */
  readonly causationId: string | undefined;
  readonly headers: MessageHeaders;
  readonly sentAt: Date;
  /** What the message is about. Messages of one key are kept in order behind a queue only. */
  readonly key: string | undefined;
  readonly priority: MessagePriority;
  /** Which attempt this is, from 1. In the caller's turn there is a second only where a failure rule says `retry`. */
  readonly attempt: number;
  /** The queue the message came through; undefined in the caller's turn. */
  readonly queue: string | undefined;
  /** How long the handler may take, in milliseconds; 0 means no limit. */
  readonly timeoutMs: number;
  /** The moment the handler must be done by; undefined where no limit is in force. */
  readonly deadline: Date | undefined;
  readonly handler: HandlerFacts;
  /** The same for every attempt of this handler at this message, and for no other: hand it to the outside world. */
  readonly idempotencyKey: string;
  /**
   * Aborts when the handler should stop; `signal.reason` says why: a `HandlerTimeoutError`, a `ShutdownError`, or the
   * caller's own reason; behind a queue also a `LockLostError` or a `CancelledError`, and in the caller's turn whatever
   * the signal of the handler aborts with that sent the message.
   */
  readonly signal: AbortSignal;
  /**
   * Says how far the handler is: kept with the message in its queue, and read with `Receipt#progress()`. In the caller's
   * turn nobody can ask, and nothing is kept. Await it, or not: a store that fails to keep it rejects.
   *
   * @throws DISPATCH_UNSERIALIZABLE_MESSAGE where the value cannot be written as JSON
   */
  progress(value: unknown): Promise<void>;
  /**
   * Runs a side effect once for this handler at this message, whatever the number of attempts, redeliveries and processes:
   * once it has returned, later calls with the same name get its result, as the codec reads it back. One that throws is not
   * kept, and runs again. Two at a time wait for each other as those of an `@Idempotent` handler do. How long results are
   * kept, and where, says `idempotency` of the module.
   *
   * @param name tells the effect from the handler's others: 1 to 1024 characters, the same in each attempt
   * @throws DISPATCH_IDEMPOTENCY_TIMEOUT, DISPATCH_IDEMPOTENCY_LOCK_LOST, DISPATCH_IDEMPOTENCY_UNAVAILABLE
   */
  once<R>(name: string, effect: () => R | Promise<R>): Promise<R>;
}
