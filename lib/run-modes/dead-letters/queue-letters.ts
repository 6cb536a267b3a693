import type {
  DeadLetterEdit,
  DeadLetterSource,
  LetterList,
  LetterSpot,
  ListedLetter,
} from '../../failures/dead-letters/dead-letter-source.port.js';
import { deadLetterOf, type DeadLetter } from '../../failures/dead-letters/dead-letter.js';
import { DeadLetterNotReplayableError } from '../../failures/dead-letters/errors.js';
import { errorText } from '../../common/dispatch-error.js';
import { decodeValue, type CodecLimits } from '../../message/codec/json-codec.js';
import type { MessageHeaders } from '../../message/headers.js';
import { entryFacts, resentData, storedMessage, type StoredMessage } from '../queue/entry-data.js';
import type { JsonValue, ParkedEntry, ParkingPlace, QueueBackend } from '../queue/queue-backend.port.js';
import { priorityOf } from '../queue/queued-run-mode.js';

const PLACES: readonly ParkingPlace[] = ['failed', 'unreadable', 'unhandled', 'invalid'];
/** Stands in no name of a place or queue. */
const SEPARATOR = '~';

/** Where a message goes whose handler was not known when it was parked: the queue; undefined where nothing says it. */
export type LetterDestination = (message: StoredMessage, handler: string | undefined) => string | undefined;

/** What the dead letters of queues are read from. */
export interface QueueLettersParts {
  readonly backend: QueueBackend;
  /** The queues this process knows. */
  readonly queues: () => readonly string[];
  readonly destination: LetterDestination;
  readonly limits: CodecLimits;
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
      PLACES.map((place) => ({
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

  async replay(id: string, edit: DeadLetterEdit | undefined): Promise<boolean> {
    const address = this.addressOf(id);
    const entry = address && (await this.read(address));
    if (address === undefined || entry === undefined) return false;
    const { backend, destination } = this.parts;
    const data = this.edited(id, entry, edit);
    const message = storedMessage(entry.data, entry.id);
    if (address.place === 'unhandled' && message !== undefined) {
      const queue = destination(message, entryFacts(entry.data, entry.id).handler) ?? address.queue;
      if (queue !== address.queue) return this.move(address, entry, { queue, data, priority: message.priority });
    }
    return backend.replayParked(address.queue, address.place, address.entryId, { data });
  }

  async remove(id: string): Promise<boolean> {
    const address = this.addressOf(id);
    if (address === undefined) return false;
    return this.parts.backend.removeParked(address.queue, address.place, address.entryId);
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

  /** @throws DISPATCH_DEAD_LETTER_NOT_REPLAYABLE */
  private edited(id: string, { data, id: entryId }: ParkedEntry, edit: DeadLetterEdit | undefined) {
    if (edit?.headers === undefined && edit?.payload === undefined) return resentData(data, {});
    const message = storedMessage(data, entryId);
    if (message === undefined) {
      throw new DeadLetterNotReplayableError(
        id,
        'what is stored is no message of this package, so it has no headers or payload to change',
      );
    }
    return resentData(data, {
      ...(edit.headers !== undefined && { headers: withHeaders(message.headers, edit.headers) }),
      ...(edit.payload !== undefined && { payload: this.payloadOf(id, edit.payload) }),
    });
  }

  private payloadOf(id: string, payload: unknown): JsonValue {
    const { limits } = this.parts;
    try {
      // It is JSON, since it comes out of a text.
      const copy = JSON.parse(JSON.stringify(payload)) as JsonValue;
      decodeValue(copy, limits);
      return copy;
    } catch (cause) {
      throw new DeadLetterNotReplayableError(id, `its new payload cannot be stored (${errorText(cause)})`, { cause });
    }
  }

  /** Ids come from outside: what they name must not become a queue. */
  private addressOf(id: string): LetterAddress | undefined {
    const [place, queue = '', ...rest] = id.split(SEPARATOR);
    const known = PLACES.find((each) => each === place);
    if (known === undefined || rest.length === 0 || !this.parts.queues().includes(queue)) return undefined;
    return { place: known, queue, entryId: rest.join(SEPARATOR) };
  }
}

function letterOf(queue: string, entry: ParkedEntry): DeadLetter {
  const { id, place, data, attempt, firstFailedAt, parkedAt } = entry;
  const { deadLetters: label, handler, name, message, code, stack, details } = entry.error;
  return deadLetterOf({
    id: [place, queue, id].join(SEPARATOR),
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

function withHeaders(headers: MessageHeaders, changes: Readonly<Record<string, string | null>>): MessageHeaders {
  const all = Object.entries({ ...headers, ...changes });
  return Object.fromEntries(all.filter((header): header is [string, string] => typeof header[1] === 'string'));
}
