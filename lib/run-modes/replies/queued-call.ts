import { MAX_TIMEOUT_MS } from '../../common/timeout.js';
import type { CodecLimits } from '../../message/codec/json-codec.js';
import type { Envelope } from '../../message/envelope.js';
import { ReplyAbandonedError, ReplyTimeoutError, ResultUnknownError } from '../queue/errors.js';
import type { QueueBackend } from '../queue/queue-backend.port.js';
import { QueueReceipt, receiptId, resultOf, type ReceiptAddress } from './queue-receipt.js';
import type { ReplyEnd, ReplyWaiters } from './reply-waiters.js';

/** How long a caller waits for a reply who does not say it, in milliseconds from when the queue has it. */
const DEFAULT_REPLY_TIMEOUT_MS = 30_000;

/** An entry that the store has. */
export interface Stored extends ReceiptAddress {
  /** Another message stands for this one. */
  readonly isDuplicate: boolean;
}

/** What a call needs; all of it lives as long as the application. */
export interface QueuedCallParts {
  readonly backend: QueueBackend;
  readonly waiters: ReplyWaiters;
  readonly limits: CodecLimits;
}

/** What is asked, and where the entry will be if nothing else is heard of it. */
export interface Asked {
  readonly envelope: Envelope;
  readonly expected: ReceiptAddress;
  readonly delayMs: number;
}

/** A caller that waits for the result of a message behind a queue. */
export class QueuedCall {
  private readonly stopWaiting: () => void;
  private readonly limitMs: number | undefined;
  private readonly timer: NodeJS.Timeout | undefined;
  private stored: Stored | undefined;
  private isOver = false;
  private stopWatching: (() => void) | undefined;

  constructor(
    private readonly parts: QueuedCallParts,
    private readonly asked: Asked,
    private readonly resolve: (result: unknown) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    this.limitMs = replyLimit(asked);
    this.stopWaiting = parts.waiters.wait(asked.expected.entryId, {
      place: () => this.stored?.place,
      isAt: (place) => place === (this.stored ?? asked.expected).place,
      ended: (end) => this.ended(end),
    });
    if (this.limitMs !== undefined) this.timer = setTimeout(() => this.ended('late'), this.limitMs);
  }

  /** The store has the entry; from now on the time runs, and the caller may cancel it. */
  wasStored(stored: Stored): void {
    if (this.isOver) return;
    this.stored = stored;
    this.timer?.refresh();
    if (stored.isDuplicate) this.join(stored);
    else this.cancelWith(this.asked.envelope.callerSignal, stored);
  }

  /** The store has not taken the entry. */
  wasRefused(error: unknown): void {
    if (this.isOver) return;
    this.stop();
    this.reject(error);
  }

  private ended(end: ReplyEnd): void {
    if (this.isOver) return;
    this.stop();
    try {
      this.resolve(this.resultOf(end));
    } catch (error) {
      this.reject(error);
    }
  }

  private stop(): void {
    this.isOver = true;
    clearTimeout(this.timer);
    this.stopWatching?.();
    this.stopWaiting();
  }

  private resultOf(end: ReplyEnd): unknown {
    const { envelope, expected } = this.asked;
    const id = receiptId(this.stored ?? expected);
    if (end === 'late') throw new ReplyTimeoutError(envelope.name, id, this.limitMs ?? 0);
    if (end === 'closed') throw new ReplyAbandonedError(envelope.name, id);
    if (end === 'unknown') throw new ResultUnknownError(id);
    return resultOf(end, this.parts.limits);
  }

  /** Waits for the result of the message this one was joined to. A caller who gives up stops waiting; the other goes on. */
  private join(other: Stored): void {
    const { backend, limits } = this.parts;
    const signal = this.asked.envelope.callerSignal;
    this.stop();
    const result = new QueueReceipt(backend, other, limits).result({ timeoutMs: this.limitMs ?? Infinity });
    const stopWatching = onAbort(signal, () => this.reject(signal?.reason));
    if (signal?.aborted === true) this.reject(signal.reason);
    result.then(this.resolve, this.reject).finally(stopWatching);
  }

  /** Cancels the entry when the caller gives up; the end then comes as any other. */
  private cancelWith(signal: AbortSignal | undefined, { place, entryId }: Stored): void {
    if (signal === undefined) return;
    const cancel = (): void => {
      this.parts.backend.cancel(place, entryId).catch(() => 'the store is down: the caller waits, up to its limit');
    };
    if (signal.aborted) cancel();
    this.stopWatching = onAbort(signal, cancel);
  }
}

/** Calls the listener when the signal aborts. @returns what stops that */
function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => undefined;
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** How long a caller waits in all; undefined for as long as it takes. */
function replyLimit({ envelope: { timeoutMs }, delayMs }: Asked): number | undefined {
  return timeoutMs === 0 ? undefined : Math.min((timeoutMs ?? DEFAULT_REPLY_TIMEOUT_MS) + delayMs, MAX_TIMEOUT_MS);
}
