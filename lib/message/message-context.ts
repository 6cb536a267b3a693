import { MAX_LINKS, type Envelope, type EnvelopeOptions, type MessagePriority } from './envelope.js';
import type { DeliveryFacts, HandlerFacts, Refusal } from './handler-facts.js';
import type { MessageHeaders } from './headers.js';
import type { Command, MessageKind, PlainMessage, Query } from './message.js';
import type { Receipt } from './receipt.js';
import type { RunMode } from './run-mode.js';

export type { DeliveryFacts, HandlerFacts, Refusal };

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

/** Runs side effects that attempts at one message have in common; what keeps them is no business of the context. */
export interface EffectMemo {
  once<R>(context: MessageContext, name: string, effect: () => R | Promise<R>): Promise<R>;
}

/** What a context needs from the dispatcher that made it. */
export interface ContextOwner extends EffectMemo {
  execute<R>(command: Command<R>, options?: SendOptions, from?: MessageContext): Promise<R>;
  query<R>(query: Query<R>, options?: SendOptions, from?: MessageContext): Promise<R>;
  publish(event: object, options?: SendOptions, from?: MessageContext): Promise<void>;
  publishAll(events: readonly object[], options?: SendOptions, from?: MessageContext): Promise<void>;
  publishAndWait(event: object, options?: PublishOptions, from?: MessageContext): Promise<void>;
  send<R>(command: Command<R>, options?: SendOptions, from?: MessageContext): Promise<Receipt<R>>;
  /** Called once, when a context's signal is first read: from then on the owner must abort it at shutdown. */
  signalRequested(context: MessageContext): void;
  /** Has shutdown wait for work that goes on after its handler counts as done. */
  waitFor(work: PromiseLike<unknown>): void;
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

/** The context as the dispatcher makes and keeps it; handlers know it as {@link HandlerContext}. */
export class MessageContext<M extends object = object> implements HandlerContext<M> {
  private readonly parent: MessageContext | undefined;
  private lazySignal: AbortSignal | undefined;
  private controller: AbortController | undefined;
  private abortedWith: { readonly reason: unknown } | undefined;
  /** Settles when the handler has finished, however it ended; set by the run mode once the handler has started. */
  settled: PromiseLike<unknown> | undefined;
  /** The handler's work, where it goes on although its caller has been answered. */
  unfinished: PromiseLike<unknown> | undefined;
  /** Keeps what the handler has returned in its transaction; set by what stands outside of that, called by what commits it. */
  seal: ((result: unknown, transaction: unknown) => Promise<void>) | undefined;
  /** Whether what the handler wrote was rolled back: what it returns later means nothing. */
  isUndone = false;
  /** Why the message was not let through to the handler; undefined where it was. */
  refusal: Refusal | undefined;
  /** The moment the handler must be done by, in milliseconds since the epoch; set where a limit is in force. */
  deadlineMs: number | undefined;

  constructor(
    readonly envelope: Envelope<M>,
    readonly handler: HandlerFacts,
    parent: MessageContext | undefined,
    private readonly owner: ContextOwner,
    private readonly delivery?: DeliveryFacts,
    private readonly turnAttempt = 1,
  ) {
    // Cut where the envelope cuts its link, for the same reason.
    this.parent = envelope.depth % MAX_LINKS === 0 ? undefined : parent;
  }

  get message(): M {
    return this.envelope.message;
  }

  get id(): string {
    return this.envelope.id;
  }

  get name(): string {
    return this.envelope.name;
  }

  get version(): number {
    return this.envelope.version;
  }

  get kind(): MessageKind {
    return this.envelope.kind;
  }

  get correlationId(): string {
    return this.envelope.correlationId;
  }

  get causationId(): string | undefined {
    return this.envelope.causationId;
  }

  get headers(): MessageHeaders {
    return this.envelope.headers;
  }

  get sentAt(): Date {
    return this.envelope.sentAt;
  }

  get key(): string | undefined {
    return this.envelope.key;
  }

  get priority(): MessagePriority {
    return this.envelope.priority;
  }

  get attempt(): number {
    return this.delivery?.attempt ?? this.turnAttempt;
  }

  /** The context of the next attempt at the same message, in the caller's turn. */
  again(): MessageContext<M> {
    return new MessageContext(this.envelope, this.handler, this.parent, this.owner, undefined, this.attempt + 1);
  }

  get queue(): string | undefined {
    return this.delivery?.queue;
  }

  get timeoutMs(): number {
    return this.envelope.timeoutMs ?? this.handler.timeoutMs;
  }

  get deadline(): Date | undefined {
    return this.deadlineMs === undefined ? undefined : new Date(this.deadlineMs);
  }

  get idempotencyKey(): string {
    return `${this.envelope.id}:${this.handler.key}`;
  }

  get signal(): AbortSignal {
    return (this.lazySignal ??= this.makeSignal());
  }

  /** Whether anybody has asked for the signal. */
  get hasSignal(): boolean {
    return this.lazySignal !== undefined;
  }

  /** What the signal was aborted with by the application; undefined where it was not. */
  get abortReason(): unknown {
    return this.abortedWith?.reason;
  }

  /** Aborts the signal with a typed reason. Later calls change nothing. */
  abort(reason: unknown): void {
    if (this.abortedWith !== undefined) return;
    this.abortedWith = { reason };
    this.controller?.abort(reason);
  }

  /** Says that the handler's work goes on although its caller has been answered; shutdown waits for it. */
  keepsRunning(work: PromiseLike<unknown>): void {
    this.unfinished ??= work;
    this.owner.waitFor(work);
  }

  once<R>(name: string, effect: () => R | Promise<R>): Promise<R> {
    return this.owner.once(this, name, effect);
  }

  progress(value: unknown): Promise<void> {
    return this.delivery?.progress(value) ?? Promise.resolve();
  }

  send<R>(command: Command<R> | PlainMessage, options?: SendOptions): Promise<Receipt<R>> {
    return this.owner.send(command as Command<R>, options, this);
  }

  execute<R>(command: Command<R> | PlainMessage, options?: SendOptions): Promise<R> {
    return this.owner.execute(command as Command<R>, options, this);
  }

  query<R>(query: Query<R> | PlainMessage, options?: SendOptions): Promise<R> {
    return this.owner.query(query as Query<R>, options, this);
  }

  publish(event: PlainMessage, options?: SendOptions): Promise<void> {
    return this.owner.publish(event, options, this);
  }

  publishAll(events: readonly PlainMessage[], options?: SendOptions): Promise<void> {
    return this.owner.publishAll(events, options, this);
  }

  publishAndWait(event: PlainMessage, options?: PublishOptions): Promise<void> {
    return this.owner.publishAndWait(event, options, this);
  }

  private makeSignal(): AbortSignal {
    this.controller = new AbortController();
    if (this.abortedWith !== undefined) this.controller.abort(this.abortedWith.reason);
    this.owner.signalRequested(this);
    const outer = [this.envelope.callerSignal, this.parent?.signal].filter((signal) => signal !== undefined);
    return outer.length === 0 ? this.controller.signal : AbortSignal.any([this.controller.signal, ...outer]);
  }
}
