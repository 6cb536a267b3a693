import { PARKING_PLACES } from '../queue/parked-entries.port.js';
import type {
  DeadLetterSource,
  LetterChange,
  LetterList,
  LetterSpot,
  ListedLetter,
} from '../../failures/dead-letters/dead-letter-source.port.js';
import { deadLetterOf, type DeadLetter } from '../../failures/dead-letters/dead-letter.js';
import { DeadLetterBehindError } from '../../failures/dead-letters/errors.js';
import type { CodecLimits } from '../../message/codec/json-codec.js';
import type { ClaimCheck } from '../claim-check/claim-check.js';
import { entryFacts, storedMessage, type StoredMessage } from '../queue/entry-data.js';
import type { JsonValue, ParkedEntry, ParkingPlace, QueueBackend } from '../queue/queue-backend.port.js';
import { priorityOf } from '../queue/queued-run-mode.js';
import type { SequencedKeys } from '../sequenced/sequenced-keys.js';
import { editedData, hasNewPayload } from './edited-data.js';

/** Stands in no name of a place or queue. */
export const SEPARATOR = '~';

/** Where a message goes whose handler was not known when it was parked: the queue; undefined where nothing says it. */
export type LetterDestination = (message: StoredMessage, handler: string | undefined) => string | undefined;

/** What the dead letters of queues are read from. */
export interface QueueLettersParts {
  readonly backend: QueueBackend;
  /** The queues this process knows. */
  readonly queues: () => readonly string[];
  readonly destination: LetterDestination;
  readonly limits: CodecLimits;
  /** What keeps large payloads; undefined where entries have them all. */
  readonly claims: ClaimCheck | undefined;
  /** Of queues that are sequenced: what knows which entry of a key is the first. Undefined for the others. */
  readonly sequenceOf: (queue: string) => SequencedKeys | undefined;
}

/** Which entry of a backend a letter is. */
interface LetterAddress {
  readonly queue: string;
  readonly place: ParkingPlace;
  readonly entryId: string;
}

/** What is parked in queues, as dead letters. */
export class QueueLetters implements DeadLetterSource {
  constructor(private readonly parts: QueueLettersParts) {}

  lists(): readonly LetterList[] {
    const { backend } = this.parts;
    return this.parts.queues().flatMap((queue) =>
      PARKING_PLACES.map((place) => ({
        name: `${queue}${SEPARATOR}${place}`,
        queue,
        place,
        page: (limit: number, after: LetterSpot | undefined) => this.page({ queue, place }, limit, after),
        count: async () => (await backend.counts(queue)).parked[place],
      })),
    );
  }

  async get(id: string): Promise<DeadLetter | undefined> {
    const address = this.addressOf(id);
    const entry = address && (await this.read(address));
    return entry && letterOf(address.queue, entry);
  }

  async replay(id: string, edit: LetterChange | undefined): Promise<boolean> {
    const address = this.addressOf(id);
    const entry = address && (await this.read(address));
    if (address === undefined || entry === undefined) return false;
    await this.checkTurn(id, address, entry);
    const { backend, destination, limits, claims } = this.parts;
    const data = editedData(id, entry, edit, limits);
    const message = storedMessage(entry.data, entry.id);
    if (address.place === 'unhandled' && message !== undefined) {
      const queue = destination(message, entryFacts(entry.data, entry.id).handler) ?? address.queue;
      if (queue !== address.queue) return this.move(address, entry, { queue, data, priority: message.priority });
    }
    const isReplayed = await backend.replayParked(address.queue, address.place, address.entryId, { data });
    // Not what went into another queue: whoever was interrupted there may have left it in both, with the payload before.
    if (isReplayed && hasNewPayload(edit)) claims?.dropped(entry.data);
    return isReplayed;
  }

  async remove(id: string, lastFailedAt: Date | undefined): Promise<boolean> {
    const address = this.addressOf(id);
    const entry = address && (await this.read(address));
    if (address === undefined || entry === undefined) return false;
    if (lastFailedAt !== undefined && entry.parkedAt.getTime() !== lastFailedAt.getTime()) return false;
    const { queue, place, entryId } = address;
    const sequence = place === 'failed' ? this.parts.sequenceOf(queue) : undefined;
    const key = sequence && entry.key;
    const isRemoved = await this.parts.backend.removeParked(queue, place, entryId);
    if (isRemoved && key !== undefined) await sequence?.tidy(queue, key);
    return isRemoved;
  }

  /** @throws DISPATCH_DEAD_LETTER_BEHIND */
  private async checkTurn(letterId: string, { queue, place, entryId }: LetterAddress, { key }: ParkedEntry) {
    if (place !== 'failed' || key === undefined) return;
    const ahead = await this.parts.sequenceOf(queue)?.ahead(queue, key, entryId);
    if (ahead !== undefined) throw new DeadLetterBehindError(letterId, letterIdOf(queue, place, ahead));
  }

  private async page(
    { queue, place }: Omit<LetterAddress, 'entryId'>,
    limit: number,
    after: LetterSpot | undefined,
  ): Promise<readonly ListedLetter[]> {
    const spot = after && { parkedAtMs: after.parkedAtMs, id: after.key };
    const entries = await this.parts.backend.parkedPage(queue, place, { limit, after: spot });
    return entries.map(({ spot: { parkedAtMs, id }, ...entry }) => ({
      letter: letterOf(queue, entry),
      spot: { parkedAtMs, key: id },
    }));
  }

  private read({ queue, place, entryId }: LetterAddress): Promise<ParkedEntry | undefined> {
    return this.parts.backend.readParked(queue, place, entryId);
  }

  /** Into the other queue before it is out of this one: whoever is interrupted in between leaves it in both, under one id. */
  private async move(
    { queue, place, entryId }: LetterAddress,
    { id, name, data, key }: ParkedEntry,
    to: { readonly queue: string; readonly data: JsonValue | undefined; readonly priority: StoredMessage['priority'] },
  ): Promise<boolean> {
    const { backend } = this.parts;
    const entry = {
      id,
      name,
      // What came out of a store was JSON before.
      data: to.data ?? (data as JsonValue),
      key,
      priority: priorityOf(to.priority),
      delayMs: 0,
      deduplicationId: undefined,
      replyTo: undefined,
      isForwarded: true,
    };
    for (const result of await Promise.all(await backend.enqueue(to.queue, [entry]))) {
      if (result.status === 'refused') throw result.error;
    }
    return backend.removeParked(queue, place, entryId);
  }

  /** Ids come from outside: what they name must not become a queue. */
  private addressOf(id: string): LetterAddress | undefined {
    const [place, queue = '', ...rest] = id.split(SEPARATOR);
    const known = PARKING_PLACES.find((each) => each === place);
    if (known === undefined || rest.length === 0 || !this.parts.queues().includes(queue)) return undefined;
    return { place: known, queue, entryId: rest.join(SEPARATOR) };
  }
}

function letterIdOf(queue: string, place: ParkingPlace, entryId: string): string {
  return [place, queue, entryId].join(SEPARATOR);
}

function letterOf(queue: string, entry: ParkedEntry): DeadLetter {
  const { id, place, data, attempt, firstFailedAt, parkedAt } = entry;
  const { deadLetters: label, handler, name, message, code, stack, details } = entry.error;
  return deadLetterOf({
    id: letterIdOf(queue, place, id),
    queue,
    place,
    label,
    message: storedMessage(data, id),
    data,
    handler: entryFacts(data, id).handler ?? handler,
    error: { name, message, code, stack, details },
    attempts: attempt,
    firstFailedAt,
    lastFailedAt: parkedAt,
  });
}
