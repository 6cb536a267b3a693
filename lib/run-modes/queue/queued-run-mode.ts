import { deferred } from '../../common/promises.js';
import { MAX_TIMEOUT_MS } from '../../common/timeout.js';
import type { CodecLimits } from '../../message/codec/json-codec.js';
import type { Envelope, MessagePriority } from '../../message/envelope.js';
import type { Receipt } from '../../message/receipt.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { TaskEnqueuedNotification, TaskRejectedNotification } from '../../notifications/task-notifications.js';
import type { InFlight } from '../in-flight.js';
import { writeEntryData } from './entry-data.js';
import { ReplyAbandonedError, ReplyTimeoutError, ResultUnknownError } from './errors.js';
import type { QueueBackend, QueueEntry } from './queue-backend.port.js';
import type { QueueCatalog } from './queue-catalog.js';
import { QueueReceipt, receiptAddress, receiptId, resultOf, type ReceiptAddress } from './queue-receipt.js';
import type { ReplyEnd, ReplyWaiters } from './reply-waiters.js';

/** How long a caller waits for a reply who does not say it, in milliseconds from when the queue has it. */
const DEFAULT_REPLY_TIMEOUT_MS = 30_000;
const PRIORITIES = { high: 10, normal: 100, low: 1000 } as const;

/** Where a message goes, and for whom. */
export interface Destination {
  readonly queue: string;
  /** The handler's key; undefined where the sender does not know it. */
  readonly handler: string | undefined;
  /** That of the handler; the message's own comes first. */
  readonly priority: MessagePriority | undefined;
}

/** What a sender may say to the queue of one message. */
export interface Posting {
  readonly delayMs: number;
  readonly deduplicationId: string | undefined;
  /** As {@link QueueEntry.isForwarded}. */
  readonly isForwarded?: boolean;
}

/** The parts a queued message passes on its way out; all of them live as long as the application. */
export interface QueuedRunModeParts {
  readonly backend: QueueBackend;
  readonly catalog: QueueCatalog;
  readonly waiters: ReplyWaiters;
  readonly channel: NotificationChannel;
  readonly inFlight: InFlight;
  readonly limits: CodecLimits;
  readonly instanceId: string;
}

interface Stored extends ReceiptAddress {
  /** Another message stands for this one. */
  readonly isDuplicate: boolean;
}

/** Hands messages to queues, and waits for what becomes of them. */
export class QueuedRunMode {
  constructor(private readonly parts: QueuedRunModeParts) {}

  /**
   * Stores a message for one handler. Resolves when the store has it.
   *
   * @throws DISPATCH_QUEUE_FULL, DISPATCH_QUEUE_UNAVAILABLE, DISPATCH_UNSERIALIZABLE_MESSAGE, DISPATCH_MESSAGE_TOO_LARGE
   */
  post<R>(envelope: Envelope, to: Destination, posting: Posting): Promise<Receipt<R>> {
    return this.store(envelope, to, posting, undefined).then((stored) => this.receiptOf<R>(stored));
  }

  /**
   * Stores a message and waits for its handler's result, from whichever process runs it.
   *
   * @throws the same as {@link post}; DISPATCH_REPLY_TIMEOUT, DISPATCH_REPLY_ABANDONED, DISPATCH_RESULT_UNKNOWN,
   * DISPATCH_CANCELLED, or the handler's error as a `RemoteError`
   */
  async execute(envelope: Envelope, to: Destination, posting: Posting): Promise<unknown> {
    envelope.callerSignal?.throwIfAborted();
    let stored: Stored | undefined;
    const reply = this.parts.waiters.wait(entryIdOf(envelope, to), () => stored?.place);
    const limit = replyLimit(envelope, posting);
    const timer = limit === undefined ? undefined : setTimeout(() => reply.end('late'), limit);
    let stopWatching: (() => void) | undefined;
    try {
      const storing = this.store(envelope, to, posting, this.parts.instanceId);
      const first = await Promise.race([storing, reply.ended]);
      if (!isStored(first)) {
        storing.catch(() => 'the observers have been told');
        const expected = { entryId: entryIdOf(envelope, to), place: to.queue };
        return this.resultOf(first, envelope, { stored: expected, limit });
      }
      stored = first;
      timer?.refresh();
      if (stored.isDuplicate) return await this.resultOfOther(stored, limit, envelope.callerSignal);
      stopWatching = this.cancelWith(envelope.callerSignal, stored);
      return this.resultOf(await reply.ended, envelope, { stored, limit });
    } finally {
      clearTimeout(timer);
      stopWatching?.();
      reply.stop();
    }
  }

  /** The receipt of that id, made here or elsewhere. @returns undefined where the id is none of ours */
  receipt<R>(id: string): Receipt<R> | undefined {
    const address = receiptAddress(id);
    return address === undefined ? undefined : this.receiptOf(address);
  }

  private receiptOf<R>(address: ReceiptAddress): Receipt<R> {
    return new QueueReceipt<R>(this.parts.backend, address, this.parts.limits);
  }

  /** The result of the message this one was joined to. A caller who gives up stops waiting; the other goes on. */
  private async resultOfOther(other: Stored, limit: number | undefined, signal?: AbortSignal): Promise<unknown> {
    const result = this.receiptOf(other).result({ timeoutMs: limit ?? Infinity });
    const { promise: aborted, resolve } = deferred<void>();
    const stopWatching = onAbort(signal, () => resolve());
    try {
      await Promise.race([result, aborted]);
      signal?.throwIfAborted();
      return await result;
    } finally {
      stopWatching();
      result.catch(() => 'the caller has given up');
    }
  }

  private async store(
    envelope: Envelope,
    to: Destination,
    posting: Posting,
    replyTo: string | undefined,
  ): Promise<Stored> {
    const leave = this.enter();
    try {
      const entry = this.entryOf(envelope, to, posting, replyTo);
      const result = await this.enqueue(to.queue, entry);
      if (result.status === 'refused') throw result.error;
      if (result.status === 'duplicate') return { entryId: result.id, place: result.place, isDuplicate: true };
      const stored = { entryId: entry.id, place: result.place, isDuplicate: false };
      this.tellEnqueued(envelope, to, stored);
      return stored;
    } catch (error) {
      this.tellRejected(envelope, to, error);
      throw error;
    } finally {
      leave();
    }
  }

  /** Shutdown waits for a store to take what is on its way; not for room in a memory that ends with the process. */
  private enter(): () => void {
    const { backend, inFlight } = this.parts;
    if (!backend.features.has('durable')) return () => undefined;
    inFlight.enter();
    return () => inFlight.leave();
  }

  private enqueue(queue: string, entry: QueueEntry) {
    const { backend, catalog } = this.parts;
    if (backend.maxBatchCount > 1) return catalog.add(queue).sender.send(entry);
    const [result] = backend.enqueue(catalog.add(queue).settings.name, [entry]);
    return result ?? Promise.reject(new Error('The queue backend gave no result.'));
  }

  private entryOf(
    envelope: Envelope,
    to: Destination,
    { delayMs, deduplicationId, isForwarded }: Posting,
    replyTo: string | undefined,
  ): QueueEntry {
    return {
      id: entryIdOf(envelope, to),
      name: envelope.name,
      data: writeEntryData(envelope, {
        handler: to.handler,
        isAwaited: replyTo !== undefined,
        limits: this.parts.limits,
      }),
      key: envelope.key,
      priority: priorityOf(envelope.ownPriority ?? to.priority),
      delayMs,
      deduplicationId: ownFor(envelope, to, deduplicationId),
      replyTo,
      ...(isForwarded === true && { isForwarded }),
    };
  }

  /** Cancels the entry when the caller gives up; the end then comes as any other. */
  private cancelWith(signal: AbortSignal | undefined, { place, entryId }: Stored): () => void {
    const cancel = (): void => {
      this.parts.backend.cancel(place, entryId).catch(() => 'the store is down: the caller waits, up to its limit');
    };
    if (signal?.aborted === true) cancel();
    return onAbort(signal, cancel);
  }

  private resultOf(
    end: ReplyEnd,
    envelope: Envelope,
    { stored, limit }: { readonly stored: ReceiptAddress; readonly limit: number | undefined },
  ): unknown {
    if (end === 'late') throw new ReplyTimeoutError(envelope.name, receiptId(stored), limit ?? 0);
    if (end === 'closed') throw new ReplyAbandonedError(envelope.name, receiptId(stored));
    if (end === 'unknown') throw new ResultUnknownError(receiptId(stored));
    return resultOf(end, this.parts.limits);
  }

  private tellEnqueued(envelope: Envelope, { queue, handler }: Destination, stored: Stored): void {
    const { channel } = this.parts;
    if (!channel.wants(TaskEnqueuedNotification)) return;
    channel.publish(new TaskEnqueuedNotification(envelope.name, envelope.id, handler, queue, receiptId(stored)));
  }

  private tellRejected(envelope: Envelope, { queue }: Destination, error: unknown): void {
    const { channel } = this.parts;
    if (!channel.wants(TaskRejectedNotification)) return;
    channel.publish(new TaskRejectedNotification(envelope.name, envelope.id, queue, error));
  }
}

function isStored(first: Stored | ReplyEnd): first is Stored {
  return typeof first === 'object' && 'place' in first;
}

/** Calls the listener when the signal aborts. @returns what stops that */
function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => undefined;
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** A message for several handlers is several entries. */
function entryIdOf(envelope: Envelope, to: Destination): string {
  return ownFor(envelope, to, envelope.id);
}

/** An id for each handler of an event, since the entry of one must not stand for that of another. */
function ownFor<T extends string | undefined>({ kind }: Envelope, { handler }: Destination, id: T): T | string {
  return id !== undefined && kind === 'event' && handler !== undefined ? `${id}.${handler}` : id;
}

/** The number a backend orders by. */
export function priorityOf(priority: MessagePriority | undefined): number {
  if (priority === undefined) return PRIORITIES.normal;
  return typeof priority === 'number' ? priority : PRIORITIES[priority];
}

/** How long a caller waits in all; undefined for as long as it takes. */
function replyLimit({ timeoutMs }: Envelope, { delayMs }: Posting): number | undefined {
  return timeoutMs === 0 ? undefined : Math.min((timeoutMs ?? DEFAULT_REPLY_TIMEOUT_MS) + delayMs, MAX_TIMEOUT_MS);
}
