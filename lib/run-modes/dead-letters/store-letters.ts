import { createHash } from 'node:crypto';

import type {
  LetterChange,
  DeadLetterSource,
  LetterList,
  LetterSpot,
} from '../../failures/dead-letters/dead-letter-source.port.js';
import { deadLetterOf, type DeadLetter } from '../../failures/dead-letters/dead-letter.js';
import type {
  DeadLetterStore,
  DroppedLetterHandler,
  KeptDeadLetter,
} from '../../failures/dead-letters/store/dead-letter-store.port.js';
import { DeadLetterDiscardedNotification } from '../../notifications/dead-letters/dead-letter-notifications.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { entryFacts, storedMessage } from '../queue/entry-data.js';
import type { Delivery, JsonValue, Settlement } from '../queue/queue-backend.port.js';
import { priorityOf } from '../queue/queued-run-mode.js';
import { editedData } from './edited-data.js';
import { PARKING_PLACES } from '../queue/parked-entries.port.js';
import { SEPARATOR, type QueueLettersParts } from './queue-letters.js';

/** The end of the id of an entry that came out of a store: its queue may still know the id it had. */
const AGAIN = /~again-(\d+)(?:-[0-9a-f]{8})?$/;

/** A delivery that comes to its end. */
export interface EndingDelivery {
  readonly queue: string;
  readonly delivery: Delivery;
  /** How many attempts were made. */
  readonly attempts: number;
}

/** Takes what a delivery is to end with, and says what it ends with once what is parked is kept. */
export type KeepParked = (ending: EndingDelivery, settlement: Settlement) => Promise<Settlement>;

/** What is parked in a store outside of the queues. */
export class StoreLetters implements DeadLetterSource {
  constructor(
    private readonly store: DeadLetterStore,
    private readonly parts: QueueLettersParts,
  ) {}

  lists(): readonly LetterList[] {
    return this.parts.queues().flatMap((queue) =>
      PARKING_PLACES.map((place) => ({
        name: ['store', queue, place].join(SEPARATOR),
        queue,
        place,
        page: async (limit: number, after: LetterSpot | undefined) => {
          const kept = await this.store.page({ queue, place, limit, after });
          return kept.map(({ letter, spot }) => ({ letter: letterOf(letter), spot }));
        },
        count: () => this.store.count({ queue, place }),
      })),
    );
  }

  async get(id: string): Promise<DeadLetter | undefined> {
    const kept = await this.store.get(id);
    return kept && letterOf(kept);
  }

  /** Into the queue before it is out of the store: whoever is interrupted leaves it in both, and the queue takes it once. */
  async replay(id: string, edit: LetterChange | undefined): Promise<boolean> {
    const kept = await this.store.get(id);
    if (kept === undefined) return false;
    const { backend, destination, limits } = this.parts;
    const { name, queue, place, data, key, lastFailedAt } = kept;
    const entryId = entryIdOf(kept);
    const message = storedMessage(data, entryId);
    const to = place === 'unhandled' && message !== undefined ? destination(message, kept.handler) : undefined;
    const edited = editedData(id, { data, id: entryId }, edit, limits);
    // The queue takes one entry of an id: an edit must not be taken for the replay without it that was interrupted.
    const change = edit === undefined ? '' : `-${shortHash(JSON.stringify(edited))}`;
    const entry = {
      id: `${entryId}~again-${lastFailedAt.getTime()}${change}`,
      name,
      // What is kept was JSON before.
      data: edited ?? (data as JsonValue),
      key,
      priority: priorityOf(message?.priority),
      delayMs: 0,
      deduplicationId: undefined,
      replyTo: undefined,
      isForwarded: true,
    };
    for (const result of await Promise.all(await backend.enqueue(to ?? queue, [entry]))) {
      if (result.status === 'refused') throw result.error;
    }
    // The payload before stays for its time: an interrupted replay may have left it in the queue.
    if (await this.store.remove(id, lastFailedAt)) return true;
    // Either somebody else has replayed it, or it has failed again by now, and is another letter.
    return (await this.store.get(id)) !== undefined;
  }

  async remove(id: string, lastFailedAt: Date | undefined): Promise<boolean> {
    const meant = lastFailedAt ?? (await this.store.get(id))?.lastFailedAt;
    return meant !== undefined && this.store.remove(id, meant);
  }
}

/** Tells observers of the letters that a store drops of itself. */
export function tellingOfDropped(channel: NotificationChannel): DroppedLetterHandler {
  return (kept, reason) => {
    if (!channel.wants(DeadLetterDiscardedNotification)) return;
    const { id: letterId, queue, place, message } = letterOf(kept);
    const facts = { letterId, queue, place, messageName: message?.name, messageId: message?.id };
    channel.publish(new DeadLetterDiscardedNotification(facts, reason));
  };
}

/**
 * Keeps what deliveries park in a store, and ends them in their queue as dropped on purpose, with the error for whoever waits.
 * Rejects where the store does: then the message is to stay.
 */
export function parkingIn(store: DeadLetterStore): KeepParked {
  return async ({ queue, delivery, attempts }, settlement) => {
    if (settlement.action !== 'park') return settlement;
    const { place, firstFailedAt, error } = settlement;
    const { deadLetters: label, handler, name, message, code, stack, details } = error;
    const { id, data, key } = delivery;
    const lastFailedAt = parkedNow(id);
    await store.park({
      id: [place, queue, id.replace(AGAIN, '')].join(SEPARATOR),
      queue,
      place,
      label,
      name: delivery.name,
      data,
      key,
      handler: entryFacts(data, id).handler ?? handler,
      error: { name, message, code, stack, details },
      attempts,
      firstFailedAt: firstFailedAt ?? lastFailedAt,
      lastFailedAt,
    });
    return { action: 'discard', error };
  };
}

/** Never the time of the parking that an entry was replayed from: who replayed it may be about to remove that letter. */
function parkedNow(entryId: string): Date {
  const now = Date.now();
  return new Date(now === Number(AGAIN.exec(entryId)?.[1]) ? now + 1 : now);
}

function letterOf({ name: _name, key: _key, ...facts }: KeptDeadLetter): DeadLetter {
  return deadLetterOf({ ...facts, message: storedMessage(facts.data, entryIdOf(facts)) });
}

function entryIdOf({ id, place, queue }: Pick<KeptDeadLetter, 'id' | 'place' | 'queue'>): string {
  return id.slice([place, queue, ''].join(SEPARATOR).length);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
