import type { HandlerContext, MessageSender, PublishOptions, SendOptions } from './context/handler-context.js';
import type { DeliveryFacts, HandlerFacts, Refusal } from './context/handler-facts.js';
import { MAX_LINKS, type Envelope, type MessagePriority } from './envelope.js';
import type { MessageHeaders } from './headers.js';
import type { Command, MessageKind, PlainMessage, Query } from './message.js';
import type { Receipt } from './receipt.js';

export type { DeliveryFacts, HandlerContext, HandlerFacts, MessageSender, PublishOptions, Refusal, SendOptions };

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
