import type { Envelope, EnvelopeOptions, MessagePriority } from './envelope.js';
import type { MessageHeaders } from './headers.js';
import type { Command, MessageKind, Query } from './message.js';
import type { RunMode } from './run-mode.js';

/** What a sender may say of one message. */
export interface SendOptions extends EnvelopeOptions {
  /** Overrides the run mode of the handler and of the module for this message. */
  readonly runMode?: RunMode;
  /** The context this message is sent from. Needed only with `context: 'explicit'`, where it is not found by itself. */
  readonly context?: MessageContext;
}

/** Sends messages; what a context offers its handler, and what the dispatcher is. */
export interface MessageSender {
  execute<R>(command: Command<R>, options?: SendOptions): Promise<R>;
  query<R>(query: Query<R>, options?: SendOptions): Promise<R>;
  publish(event: object, options?: SendOptions): Promise<void>;
  publishAll(events: readonly object[], options?: SendOptions): Promise<void>;
  publishAndWait(event: object, options?: SendOptions): Promise<void>;
}

/** What a context knows of the handler it is made for. */
export interface HandlerFacts {
  /** The class name, as logs and errors show it. */
  readonly name: string;
  /** How long the handler may take, in milliseconds; 0 means no limit. A limit given by the sender comes first. */
  readonly timeoutMs: number;
}

/** What a context needs from the dispatcher that made it. */
export interface ContextOwner extends MessageSender {
  /** Called once, when a context's signal is first read: from then on the owner must abort it at shutdown. */
  signalRequested(context: MessageContext): void;
}

/**
 * What a handler is given beside its message: the facts of the envelope, a signal to stop by, a key to be idempotent
 * by, and the verbs to send further messages, which keep correlation and causation whatever the context mode.
 */
export class MessageContext<M extends object = object> {
  private lazySignal: AbortSignal | undefined;
  private controller: AbortController | undefined;
  private abortedWith: { readonly reason: unknown } | undefined;
  /** Settles when the handler has finished, however it ended; set by the run mode once the handler has started. */
  settled: PromiseLike<unknown> | undefined;
  /** The moment the handler must be done by, in milliseconds since the epoch; set where a limit is in force. */
  deadlineMs: number | undefined;

  constructor(
    readonly envelope: Envelope<M>,
    readonly handler: HandlerFacts,
    private readonly parent: MessageContext | undefined,
    private readonly owner: ContextOwner,
  ) {}

  get message(): M {
    return this.envelope.message;
  }

  get id(): string {
    return this.envelope.id;
  }

  /** The wire name of the message. */
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

  /** The id of the message whose handler sent this one; undefined for a first message. */
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

  /** Which attempt this is, from 1. Always 1 in the caller's turn, where nothing retries. */
  get attempt(): number {
    return 1;
  }

  /** The moment the handler must be done by; undefined where no limit is in force. */
  get deadline(): Date | undefined {
    return this.deadlineMs === undefined ? undefined : new Date(this.deadlineMs);
  }

  /**
   * The same for every attempt of this handler at this message: hand it to the outside world. Made of the message's id and
   * the handler's class name, so two handlers of one message must not share that.
   */
  get idempotencyKey(): string {
    return `${this.envelope.id}:${this.handler.name}`;
  }

  /**
   * Aborts when the handler should stop; `signal.reason` says why: a `HandlerTimeoutError`, a `ShutdownError`, or the
   * caller's own reason. A handler's signal also aborts when the signal of the handler that sent the message does.
   */
  get signal(): AbortSignal {
    return (this.lazySignal ??= this.makeSignal());
  }

  /** Whether anybody has asked for the signal. */
  get hasSignal(): boolean {
    return this.lazySignal !== undefined;
  }

  /** Aborts the signal with a typed reason. Later calls change nothing. */
  abort(reason: unknown): void {
    if (this.abortedWith !== undefined) return;
    this.abortedWith = { reason };
    this.controller?.abort(reason);
  }

  /** Sends a command as a consequence of this message. @throws what its handler throws, as a rejection. */
  execute<R>(command: Command<R>, options?: SendOptions): Promise<R> {
    return this.owner.execute(command, { ...options, context: this });
  }

  /** Asks a query as a consequence of this message. @throws what its handler throws, as a rejection. */
  query<R>(query: Query<R>, options?: SendOptions): Promise<R> {
    return this.owner.query(query, { ...options, context: this });
  }

  /** Publishes an event as a consequence of this message; resolves once it is handed to its handlers. */
  publish(event: object, options?: SendOptions): Promise<void> {
    return this.owner.publish(event, { ...options, context: this });
  }

  /** Publishes several events in order, as consequences of this message. */
  publishAll(events: readonly object[], options?: SendOptions): Promise<void> {
    return this.owner.publishAll(events, { ...options, context: this });
  }

  /** Publishes an event and waits for its handlers. @throws AggregateError naming each handler that failed. */
  publishAndWait(event: object, options?: SendOptions): Promise<void> {
    return this.owner.publishAndWait(event, { ...options, context: this });
  }

  private makeSignal(): AbortSignal {
    this.controller = new AbortController();
    if (this.abortedWith !== undefined) this.controller.abort(this.abortedWith.reason);
    this.owner.signalRequested(this);
    const outer = [this.envelope.callerSignal, this.parent?.signal].filter((signal) => signal !== undefined);
    return outer.length === 0 ? this.controller.signal : AbortSignal.any([this.controller.signal, ...outer]);
  }
}

/** The name handlers know the context by. */
export type HandlerContext<M extends object = object> = MessageContext<M>;
