import { randomUUID } from 'node:crypto';

import type { MessageHeaders } from './headers.js';
import type { MessageDefinition } from './message.decorator.js';
import type { MessageKind } from './message.js';

/**
 * How urgent a message is, from 1, the most urgent, to 2 097 152; `'high'` is 10, `'normal'` 100, `'low'` 1000. A fact only
 * in the caller's turn, where nothing waits; queues order by it.
 */
export type MessagePriority = 'high' | 'normal' | 'low' | number;

/** The least urgent number that every queue backend can order by. */
export const MAX_PRIORITY = 2_097_152;

/** Whether a value says how urgent a message is. */
export function isPriority(value: unknown): value is MessagePriority {
  if (typeof value === 'string') return value === 'high' || value === 'normal' || value === 'low';
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_PRIORITY;
}

/** What a sender may say of a message that stays with the message. */
export interface EnvelopeOptions {
  /** Cancels: the handler's `context.signal` aborts with the same reason. The caller's promise waits for the handler. */
  readonly signal?: AbortSignal;
  /**
   * How long each handler may take, in milliseconds, counted from its start; then its `signal` aborts and the caller's
   * promise rejects with `HandlerTimeoutError`. Default: what the handler, the module or the queue says; 0 means no limit.
   * Through a queue it also limits how long `execute` waits for the queue to take the message, and then for the reply, 30 000 ms by default.
   */
  readonly timeoutMs?: number;
  /** Headers of this message, added to those of the message whose handler sends it. */
  readonly headers?: MessageHeaders;
  /** Default: the sender's correlation id, or the message's own id where there is no sender. */
  readonly correlationId?: string;
  /** The message's id. Default: a random UUID, made when somebody reads it. */
  readonly id?: string;
  /**
   * What the message is about, for order per key behind a queue; a fact without effect where the handler runs in the caller's
   * turn. Not inherited by what its handlers send.
   */
  readonly key?: string;
  /** Default `'normal'`, or what the handler says; not inherited. Has no meaning beside `key`, which keeps the order. */
  readonly priority?: MessagePriority;
}

/** What a queue keeps of an envelope beside the message. */
export interface EnvelopeFacts extends EnvelopeOptions {
  readonly id: string;
  readonly sentAt: Date;
}

/**
 * A message that sends its own successor would keep all its ancestors for ever, so after this many links the facts of
 * the last one are copied, and the link is cut.
 */
export const MAX_LINKS = 32;

/** What a message takes over from the one whose handler sent it. */
interface Ancestor {
  readonly id: string;
  readonly correlationId: string;
  readonly headers: MessageHeaders;
}

/**
 * A message with the facts that travel with it. Ids, headers and times are made when first read, so a message nobody
 * asks about costs one small object.
 */
export class Envelope<M extends object = object> {
  private lazyId: string | undefined;
  private lazyHeaders: MessageHeaders | undefined;
  private lazySentAt: Date | undefined;
  /** How many messages led to this one. */
  readonly depth: number = 0;
  private readonly ancestor: Ancestor | undefined = undefined;

  constructor(
    readonly message: M,
    readonly definition: MessageDefinition,
    readonly kind: MessageKind,
    /** The envelope of the message whose handler sent this one. */
    parent: Envelope | undefined,
    private readonly options: EnvelopeOptions | undefined,
  ) {
    if (parent === undefined) return;
    this.depth = parent.depth + 1;
    this.ancestor = this.depth % MAX_LINKS === 0 ? factsOf(parent) : parent;
  }

  /** Makes the envelope of a message that came through a queue, as it was when the message was sent. */
  static restore<M extends object>(
    message: M,
    definition: MessageDefinition,
    kind: MessageKind,
    { sentAt, ...facts }: EnvelopeFacts,
  ): Envelope<M> {
    const envelope = new Envelope(message, definition, kind, undefined, facts);
    envelope.lazySentAt = sentAt;
    return envelope;
  }

  get id(): string {
    return (this.lazyId ??= this.options?.id ?? randomUUID());
  }

  /** The wire name of the message class. */
  get name(): string {
    return this.definition.name;
  }

  get version(): number {
    return this.definition.version;
  }

  get correlationId(): string {
    const given = this.options?.correlationId ?? this.options?.headers?.correlationId;
    return given ?? this.ancestor?.correlationId ?? this.id;
  }

  /** The id of the message whose handler sent this one. */
  get causationId(): string | undefined {
    return this.ancestor?.id ?? this.options?.headers?.causationId;
  }

  /** The sender's headers, overlaid by the message's own, with the correlation and causation ids. */
  get headers(): MessageHeaders {
    return (this.lazyHeaders ??= this.makeHeaders());
  }

  /**
   * When the message was sent. In the caller's turn the clock is read at the first request, so ask before the first
   * `await` where the exact moment matters.
   */
  get sentAt(): Date {
    return (this.lazySentAt ??= new Date());
  }

  get key(): string | undefined {
    return this.options?.key ?? this.definition.keyOf?.(this.message);
  }

  get priority(): MessagePriority {
    return this.options?.priority ?? 'normal';
  }

  /** What the sender said of it; undefined where it said nothing. */
  get ownPriority(): MessagePriority | undefined {
    return this.options?.priority;
  }

  /** The caller's own signal, if it gave one. */
  get callerSignal(): AbortSignal | undefined {
    return this.options?.signal;
  }

  /** The limit the sender set for each handler; undefined where it set none. */
  get timeoutMs(): number | undefined {
    return this.options?.timeoutMs;
  }

  private makeHeaders(): MessageHeaders {
    const headers: Record<string, string | undefined> = { ...this.ancestor?.headers, ...this.options?.headers };
    const causationId = this.causationId;
    if (causationId !== undefined) headers['causationId'] = causationId;
    headers['correlationId'] = this.correlationId;
    return Object.freeze(headers);
  }
}

function factsOf({ id, correlationId, headers }: Ancestor): Ancestor {
  return { id, correlationId, headers };
}
