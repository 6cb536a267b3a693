import { encodeValue, type CodecLimits } from '../../message/codec/json-codec.js';
import type { Envelope, MessagePriority } from '../../message/envelope.js';
import type { MessageKind } from '../../message/message.js';
import type { Receipt } from '../../message/receipt.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { TaskEnqueuedNotification, TaskRejectedNotification } from '../../notifications/task-notifications.js';
import type { InFlight } from '../in-flight.js';
import type { ClaimCheck } from '../claim-check/claim-check.js';
import { OutboxReplyError } from '../outbox/errors.js';
import type { OutboxWriter } from '../outbox/outbox-writer.js';
import type { Transaction } from '../../transactions/transaction.js';
import { writeEntryData, type EntryContent } from './entry-data.js';
import type { QueueBackend, QueueEntry } from './queue-backend.port.js';
import type { QueueCatalog } from './queue-catalog.js';
import { QueueReceipt, receiptAddress, receiptId, type ReceiptAddress } from '../replies/queue-receipt.js';
import { QueuedCall, type Stored } from '../replies/queued-call.js';
import type { ReplyWaiters } from '../replies/reply-waiters.js';

const PRIORITIES = { high: 10, normal: 100, low: 1000 } as const;

/** Where a message goes, and for whom. */
export interface Destination {
  readonly queue: string;
  /** The handler's key; undefined where the sender does not know it. */
  readonly handler: string | undefined;
  /** That of the handler; the message's own comes first. */
  readonly priority: MessagePriority | undefined;
  /** Whether it goes through the outbox, where its route says so. */
  readonly outbox?: boolean | undefined;
}

/** What a sender may say to the queue of one message. */
export interface Posting {
  readonly delayMs: number;
  readonly deduplicationId: string | undefined;
  /** As {@link QueueEntry.isForwarded}. */
  readonly isForwarded?: boolean;
  /** The name of the handler that sends it and does not wait for the end. */
  readonly sender?: string | undefined;
}

/** The parts a queued message passes on its way out; all of them live as long as the application. */
export interface QueuedRunModeParts {
  readonly backend: QueueBackend;
  readonly catalog: QueueCatalog;
  readonly waiters: ReplyWaiters;
  readonly channel: NotificationChannel;
  readonly inFlight: InFlight;
  readonly limits: CodecLimits;
  /** What keeps large payloads; undefined where entries have them all. */
  readonly claims: ClaimCheck | undefined;
  /** What writes messages into the transaction they are sent in; undefined where all go to their queue at once. */
  readonly outbox: OutboxWriter | undefined;
  readonly instanceId: string;
}

/** Where a message is on its way to, and who is told whether it came there. */
interface Sending {
  readonly envelope: Envelope;
  readonly to: Destination;
  readonly posting: Posting;
  /** The instance that waits for the end. */
  readonly replyTo: string | undefined;
  /** The transaction it becomes part of; undefined where it goes to its queue at once. */
  readonly transaction: Transaction | undefined;
  readonly stored: (stored: Stored) => void;
  readonly refused: (error: unknown) => void;
}

/** Hands messages to queues, and waits for what becomes of them. */
export class QueuedRunMode {
  constructor(private readonly parts: QueuedRunModeParts) {}

  /**
   * Stores a message for one handler. Resolves when the store has it, or, of one that goes through the outbox, when it is written
   * in the transaction.
   *
   * @throws DISPATCH_OUTSIDE_TRANSACTION, DISPATCH_QUEUE_FULL, DISPATCH_QUEUE_UNAVAILABLE, DISPATCH_UNSERIALIZABLE_MESSAGE, DISPATCH_MESSAGE_TOO_LARGE,
   * DISPATCH_CLAIM_CHECK_UNAVAILABLE, DISPATCH_CLAIM_CHECK_FULL
   */
  post<R>(envelope: Envelope, to: Destination, posting: Posting): Promise<Receipt<R>> {
    return new Promise((resolve, refused) => {
      const transaction = this.transactionFor(envelope, to, posting);
      const isOnItsWay = transaction !== undefined;
      const stored = (address: ReceiptAddress): void => resolve(this.receiptOf<R>(address, isOnItsWay));
      this.store({ envelope, to, posting, replyTo: undefined, transaction, stored, refused });
    });
  }

  /**
   * Stores a message and waits for its handler's result, from whichever process runs it.
   *
   * @throws the same as {@link post}; DISPATCH_OUTBOX_REPLY, DISPATCH_REPLY_TIMEOUT, DISPATCH_REPLY_ABANDONED, DISPATCH_RESULT_UNKNOWN,
   * DISPATCH_CANCELLED, or the handler's error as a `RemoteError`
   */
  execute(envelope: Envelope, to: Destination, posting: Posting): Promise<unknown> {
    return new Promise((resolve, reject) => {
      envelope.callerSignal?.throwIfAborted();
      if (this.transactionFor(envelope, to, posting) !== undefined) throw new OutboxReplyError(envelope.name);
      const expected = { entryId: entryIdOf(envelope, to), place: this.placeOf(to.queue, envelope.key) };
      const call = new QueuedCall(this.parts, { envelope, expected, delayMs: posting.delayMs }, resolve, reject);
      const stored = (address: Stored): void => call.wasStored(address);
      const refused = (error: unknown): void => call.wasRefused(error);
      this.store({ envelope, to, posting, replyTo: this.parts.instanceId, transaction: undefined, stored, refused });
    });
  }

  /** The receipt of that id, made here or elsewhere. @returns undefined where the id is none of ours */
  receipt<R>(id: string): Receipt<R> | undefined {
    const address = receiptAddress(id);
    return address === undefined ? undefined : this.receiptOf(address);
  }

  private receiptOf<R>(address: ReceiptAddress, isOnItsWay = false): Receipt<R> {
    return new QueueReceipt<R>(this.parts.backend, address, this.parts.limits, isOnItsWay);
  }

  /** Whether a message that is posted now is written in the transaction of its sender. */
  isWritten(kind: MessageKind, isRouted: boolean | undefined): boolean {
    return this.parts.outbox?.isWritten(kind, isRouted) ?? false;
  }

  /** Whether a message that is posted in a transaction is written in it. */
  usesOutbox(kind: MessageKind, isRouted: boolean | undefined): boolean {
    return this.parts.outbox?.concerns(kind, isRouted) ?? false;
  }

  private transactionFor(envelope: Envelope, to: Destination, { isForwarded, sender }: Posting) {
    const { outbox } = this.parts;
    if (outbox === undefined || isForwarded === true) return undefined;
    return outbox.transactionFor({ messageName: envelope.name, kind: envelope.kind, isRouted: to.outbox, sender });
  }

  private store(sending: Sending): void {
    let content: EntryContent | Promise<EntryContent>;
    try {
      content = this.contentOf(sending);
    } catch (error) {
      this.refuse(sending, error);
      return;
    }
    if (!('then' in content)) {
      this.hand(sending, content);
      return;
    }
    const { inFlight } = this.parts;
    inFlight.enter();
    const handed = content
      .then(
        (made) => this.hand(sending, made),
        (error: unknown) => {
          // Who sent it need not wait for it, and what is committed is not to be without it.
          sending.transaction?.doom(error);
          this.refuse(sending, error);
        },
      )
      .finally(() => inFlight.leave());
    if (sending.transaction !== undefined) this.parts.outbox?.holdBack(sending.transaction, handed);
  }

  private hand(sending: Sending, content: EntryContent): void {
    const { envelope, to } = sending;
    const { backend, catalog, inFlight } = this.parts;
    const entry = this.entryOf(sending, content);
    if (sending.transaction !== undefined) {
      this.write(sending, sending.transaction, entry);
      return;
    }
    // Shutdown waits for a store to take what is on its way; not for room in a memory that ends with the process.
    const isWaitedFor = backend.features.has('durable');
    if (isWaitedFor) inFlight.enter();
    catalog.add(to.queue).sender.send({
      entry,
      resolve: (result) => {
        if (isWaitedFor) inFlight.leave();
        const isDuplicate = result.status === 'duplicate';
        const stored = { entryId: isDuplicate ? result.id : entry.id, place: result.place, isDuplicate };
        if (!isDuplicate) this.tellEnqueued(envelope, to, stored);
        else this.parts.claims?.dropped(entry.data);
        sending.stored(stored);
      },
      reject: (error) => {
        if (isWaitedFor) inFlight.leave();
        if ('claim' in content) this.parts.claims?.refused(content.claim, error);
        this.refuse(sending, error);
      },
    });
  }

  /** Its payload, where it is kept elsewhere, has its time limit: nobody knows for certain that a transaction did not commit. */
  private write(
    sending: Sending,
    transaction: Transaction,
    { delayMs, replyTo: _replyTo, ...entry }: QueueEntry,
  ): void {
    const { queue } = sending.to;
    this.parts.outbox?.write(transaction, {
      queue,
      entry,
      dueAtMs: delayMs > 0 ? Date.now() + delayMs : undefined,
      written: () => {
        sending.stored({ entryId: entry.id, place: this.placeOf(queue, entry.key), isDuplicate: false });
      },
      refused: (error) => this.refuse(sending, error),
    });
  }

  /** Where an entry will be that is not stored yet. */
  private placeOf(queue: string, key: string | undefined): string {
    return this.parts.backend.placeOf?.(queue, key) ?? queue;
  }

  private refuse({ envelope, to, refused }: Sending, error: unknown): void {
    this.tellRejected(envelope, to, error);
    refused(error);
  }

  private contentOf({ envelope, to, posting }: Sending): EntryContent | Promise<EntryContent> {
    const { claims, limits } = this.parts;
    if (claims === undefined) return { payload: encodeValue(envelope.message, limits) };
    return claims.contentOf(envelope, to.queue, posting.delayMs);
  }

  private entryOf({ envelope, to, posting, replyTo }: Sending, content: EntryContent): QueueEntry {
    const { delayMs, deduplicationId, isForwarded } = posting;
    return {
      id: entryIdOf(envelope, to),
      name: envelope.name,
      data: writeEntryData(envelope, content, { handler: to.handler, isAwaited: replyTo !== undefined }),
      key: envelope.key,
      priority: priorityOf(envelope.ownPriority ?? to.priority),
      delayMs,
      deduplicationId: ownFor(envelope, to, deduplicationId),
      replyTo,
      ...(isForwarded === true && { isForwarded }),
    };
  }

  private tellEnqueued(envelope: Envelope, { queue, handler }: Destination, stored: Stored): void {
    const { channel } = this.parts;
    if (!channel.wants(TaskEnqueuedNotification)) return;
    channel.publish(new TaskEnqueuedNotification(envelope.name, envelope.id, handler, queue, receiptId(stored)));
  }

  private tellRejected(envelope: Envelope, { queue, handler }: Destination, error: unknown): void {
    const { channel } = this.parts;
    if (!channel.wants(TaskRejectedNotification)) return;
    channel.publish(new TaskRejectedNotification(envelope.name, envelope.id, queue, error, { handler }));
  }
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
