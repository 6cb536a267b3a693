import { backoffMs } from '../../common/backoff.js';
import { isDispatchError } from '../../common/dispatch-error.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import {
  OutboxFailedNotification,
  OutboxRelayedNotification,
} from '../../notifications/outbox/outbox-notifications.js';
import { TaskEnqueuedNotification, type TaskFacts } from '../../notifications/task-notifications.js';
import type { ClaimCheck } from '../claim-check/claim-check.js';
import { entryFacts } from '../queue/entry-data.js';
import { InvalidQueueOptionsError } from '../queue/errors.js';
import type { QueueEntry } from '../queue/queue-backend.port.js';
import type { QueueCatalog } from '../queue/queue-catalog.js';
import type { EntrySending } from '../queue/queue-sender.js';
import { toWireError } from '../queue/wire-error.js';
import { receiptId } from '../replies/queue-receipt.js';
import { orderOf } from './order-of.js';
import type { OutboxEnd, OutboxMessage } from './outbox-store.port.js';

/** The wait before a message is handed again to a queue that refused it. */
const RETRY = { baseMs: 1000, maxMs: 60_000 };
/** With these codes it is the queue that cannot, and not the message. */
const NOT_NOW: ReadonlySet<string> = new Set([
  'DISPATCH_QUEUE_UNAVAILABLE',
  'DISPATCH_QUEUE_FULL',
  'DISPATCH_QUEUE_CLOSED',
]);

/** Where messages are handed to, and who is told. */
export interface OutboxHandoverParts {
  readonly catalog: Pick<QueueCatalog, 'get'>;
  readonly channel: NotificationChannel;
  readonly claims: ClaimCheck | undefined;
  readonly maxAttempts: number;
}

/** What became of messages. */
export interface Handed {
  readonly ends: readonly OutboxEnd[];
  /** Queues that could not take any, and had better be left alone for a while, and why. */
  readonly heldUp: ReadonlyMap<string, unknown>;
  /** Those that their queues have joined to others: nobody needs their payloads once the store knows that they are sent. */
  readonly joined: readonly OutboxMessage[];
}

type Result = Parameters<EntrySending['resolve']>[0];
type Answer = { readonly end: OutboxEnd; readonly isJoined?: boolean } | { readonly notNow: unknown };

/**
 * Hands messages to their queues as if they were sent now, so that they go in the queues' own batches. Of several messages of
 * one key the next goes when the queue has the one before: no answer of a queue can put them out of order.
 */
export class OutboxHandover {
  constructor(private readonly parts: OutboxHandoverParts) {}

  /**
   * Never rejects. What is not among the ends was not handed over, or it is not known what became of it. After `untilMs`, by
   * `performance.now()`, no further one of a key is handed over: somebody else may have it soon.
   */
  async hand(messages: readonly OutboxMessage[], untilMs: number): Promise<Handed> {
    const ends: OutboxEnd[] = [];
    const refused = new Set<string>();
    const heldUp = new Map<string, unknown>();
    const joined: OutboxMessage[] = [];
    for (const [nth, wave] of wavesOf(messages).entries()) {
      if (nth > 0 && performance.now() >= untilMs) break;
      const isFree = refused.size === 0 && heldUp.size === 0;
      const next = isFree
        ? wave
        : wave.filter((message) => !heldUp.has(message.queue) && !refused.has(orderOf(message) ?? ''));
      const answers = await this.handAll(next);
      for (const [index, message] of next.entries()) {
        const answer = answers[index];
        if (answer === undefined) continue;
        if ('notNow' in answer) {
          heldUp.set(message.queue, answer.notNow);
          continue;
        }
        ends.push(answer.end);
        if (answer.isJoined === true) joined.push(message);
        const order = answer.end.status === 'retry' ? orderOf(message) : undefined;
        if (order !== undefined) refused.add(order);
      }
    }
    return { ends, heldUp, joined };
  }

  /** Forgets payloads that are kept elsewhere: not before the store has the end, or a message that comes again would find none. */
  forget(joined: readonly OutboxMessage[]): void {
    for (const { entry } of joined) this.parts.claims?.dropped(entry.data);
  }

  /** Without a promise or a function for each message, which would cost as much as the rest of what is done here. */
  private handAll(wave: readonly OutboxMessage[]): Promise<readonly Answer[]> {
    if (wave.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const answers = new Answers(wave.length, resolve, this);
      wave.forEach((message, index) => this.handOne(message, new Handing(message, index, answers)));
    });
  }

  private handOne(message: OutboxMessage, handing: Handing): void {
    const { queue } = message;
    const known = this.parts.catalog.get(queue);
    if (known !== undefined) {
      known.sender.send(handing);
      return;
    }
    const problem = 'this process does not know it: name it in "queues.each" of DispatchModule';
    handing.reject(new InvalidQueueOptionsError(`the queue "${queue}"`, [problem]));
  }

  /** What it means that a queue has a message. */
  stored(message: OutboxMessage, result: Result): Answer {
    const { entry } = message;
    this.tellStored(message, result);
    // One of its own id is itself, handed over before by somebody who could not say so any more: that needs its payload.
    return {
      end: { id: message.id, status: 'sent' },
      isJoined: result.status === 'duplicate' && result.id !== entry.id,
    };
  }

  private tellStored(message: OutboxMessage, result: Result): void {
    const { channel } = this.parts;
    const isEnqueued = result.status === 'stored' && channel.wants(TaskEnqueuedNotification);
    const isRelayed = channel.wants(OutboxRelayedNotification);
    if (!isEnqueued && !isRelayed) return;
    const { entry, addedAt, queue } = message;
    const receipt = receiptId({ entryId: result.status === 'duplicate' ? result.id : entry.id, place: result.place });
    const facts = factsOf(message, receipt);
    const { messageId = entry.id, handler } = facts;
    if (isEnqueued) channel.publish(new TaskEnqueuedNotification(entry.name, messageId, handler, queue, receipt));
    if (!isRelayed) return;
    channel.publish(new OutboxRelayedNotification(facts, Math.max(0, Date.now() - addedAt.getTime())));
  }

  /** What it means that a queue has not taken a message, or may not have. */
  refusal(message: OutboxMessage, error: unknown): Answer {
    if (isDispatchError(error) && NOT_NOW.has(error.code)) return { notNow: error };
    const { id } = message;
    const attempts = message.attempts + 1;
    if (attempts < this.parts.maxAttempts) {
      const delayMs = backoffMs(RETRY, attempts);
      return { end: { id, status: 'retry', delayMs, error: toWireError(error) } };
    }
    const { channel } = this.parts;
    if (channel.wants(OutboxFailedNotification)) {
      channel.publish(new OutboxFailedNotification(factsOf(message, undefined), id, attempts, error));
    }
    return { end: { id, status: 'failed', error: toWireError(error) } };
  }
}

/** The answers to messages that were handed over together. */
class Answers {
  private readonly answers: Answer[] = [];

  constructor(
    private leftCount: number,
    private readonly complete: (answers: readonly Answer[]) => void,
    readonly meaning: Pick<OutboxHandover, 'stored' | 'refusal'>,
  ) {}

  set(index: number, answer: Answer): void {
    this.answers[index] = answer;
    this.leftCount -= 1;
    if (this.leftCount === 0) this.complete(this.answers);
  }
}

/** One message that is handed over. */
class Handing implements EntrySending {
  readonly entry: QueueEntry;

  constructor(
    private readonly message: OutboxMessage,
    private readonly index: number,
    private readonly answers: Answers,
  ) {
    const { entry, dueAtMs } = message;
    const { id, name, data, key, priority, deduplicationId } = entry;
    const delayMs = dueAtMs === undefined ? 0 : Math.max(0, dueAtMs - Date.now());
    this.entry = { id, name, data, key, priority, delayMs, deduplicationId, replyTo: undefined };
  }

  resolve(result: Result): void {
    this.answers.set(this.index, this.answers.meaning.stored(this.message, result));
  }

  reject(error: unknown): void {
    this.answers.set(this.index, this.answers.meaning.refusal(this.message, error));
  }
}

/** Messages in groups, of which none has two of one key. */
function wavesOf(messages: readonly OutboxMessage[]): OutboxMessage[][] {
  const waves: OutboxMessage[][] = [];
  const counts = new Map<string, number>();
  for (const message of messages) {
    const order = orderOf(message);
    const index = order === undefined ? 0 : (counts.get(order) ?? 0);
    if (order !== undefined) counts.set(order, index + 1);
    const wave = waves[index];
    if (wave === undefined) waves.push([message]);
    else wave.push(message);
  }
  return waves;
}

function factsOf({ queue, entry }: OutboxMessage, receipt: string | undefined): TaskFacts {
  const { messageId, handler } = entryFacts(entry.data, entry.id);
  return { messageName: entry.name, messageId, handler, queue, receiptId: receipt };
}
