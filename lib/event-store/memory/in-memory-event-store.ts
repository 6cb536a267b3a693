import { describeValue } from '../../common/describe-value.js';
import { categoryOf, checkAppend, isExpected } from '../append-check.js';
import {
  ConcurrencyError,
  EventStoreFullError,
  InvalidEventStoreOptionsError,
  StreamArchivedError,
  StreamDeletedError,
} from '../errors.js';
import type {
  AllPageQuery,
  AppendResult,
  EventPage,
  EventStore,
  NewEvent,
  StoreAppendOptions,
  StoredEvent,
  StreamFacts,
  StreamPageQuery,
} from '../event-store.port.js';

/** Options of {@link inMemoryEventStore}. */
export interface InMemoryEventStoreOptions {
  /** How many events are kept, from 1; nothing can be appended beyond. Default 1 000 000. */
  readonly maxEvents?: number;
}

interface MemoryStream {
  /** The event of version n is at n - 1. */
  readonly events: StoredEvent[];
  readonly category: string;
  isArchived: boolean;
  isDeleted: boolean;
  /** The version it had when it was deleted. */
  lastVersion: number;
}

/** How many events are looked at for one page: a filter that nothing fits must not hold up the process. */
const LOOKED_AT_ONCE = 10_000;

/**
 * Keeps events in the memory of this process: for tests, and to begin with. What is in it is gone with the process. It takes
 * no transactions.
 *
 * @throws DISPATCH_INVALID_EVENT_STORE_OPTIONS
 */
export function inMemoryEventStore(options: InMemoryEventStoreOptions = {}): EventStore {
  const { maxEvents = 1_000_000 } = options;
  if (!Number.isSafeInteger(maxEvents) || maxEvents < 1) {
    throw new InvalidEventStoreOptionsError('inMemoryEventStore()', [
      `has maxEvents ${describeValue(maxEvents)}, not a whole number from 1`,
    ]);
  }
  return new InMemoryEventStore(maxEvents);
}

class InMemoryEventStore implements EventStore {
  readonly isShared = false;
  private readonly streams = new Map<string, MemoryStream>();
  /** The event of position n is at n - 1; undefined where its stream was deleted. */
  private readonly all: (StoredEvent | undefined)[] = [];
  private readonly watchers = new Set<() => void>();
  private count = 0;

  constructor(private readonly maxEvents: number) {}

  async append(
    stream: string,
    events: readonly NewEvent[],
    { expectedVersion }: StoreAppendOptions<never>,
  ): Promise<AppendResult> {
    checkAppend(stream, events, expectedVersion);
    const known = this.streams.get(stream);
    if (known?.isDeleted === true) throw new StreamDeletedError(stream);
    const version = known?.events.length ?? 0;
    if (known?.isArchived === true) throw new StreamArchivedError(stream);
    if (!isExpected(version, expectedVersion)) throw new ConcurrencyError(stream, expectedVersion, version);
    if (events.length === 0) return { version, position: 0 };
    if (this.count + events.length > this.maxEvents) throw new EventStoreFullError(this.maxEvents);
    const made = known ?? this.makeStream(stream);
    for (const event of events) this.add(stream, made, event);
    for (const wake of this.watchers) wake();
    return { version: made.events.length, position: this.all.length };
  }

  async readStreamPage(
    stream: string,
    { from, to, direction, limit }: StreamPageQuery<never>,
  ): Promise<readonly StoredEvent[]> {
    const known = this.streams.get(stream);
    if (known === undefined) return [];
    if (known.isDeleted) throw new StreamDeletedError(stream);
    const end = Math.min(to, known.events.length);
    if (direction === 'forwards') return known.events.slice(from - 1, Math.min(end, from - 1 + limit));
    return known.events.slice(Math.max(from - 1, end - limit), Math.max(from - 1, end)).toReversed();
  }

  async readAllPage({ afterPosition, limit, ...filter }: AllPageQuery): Promise<EventPage> {
    const fits = this.filterOf(filter);
    const events: StoredEvent[] = [];
    const end = Math.min(this.all.length, afterPosition + LOOKED_AT_ONCE);
    let index = Math.min(afterPosition, end);
    for (; index < end && events.length < limit; index++) {
      const event = this.all[index];
      if (event !== undefined && fits(event)) events.push(event);
    }
    return { events, position: Math.max(afterPosition, index), isEnd: index >= this.all.length };
  }

  async lastPosition(): Promise<number> {
    return this.all.length;
  }

  async streamFacts(stream: string): Promise<StreamFacts | undefined> {
    const known = this.streams.get(stream);
    if (known === undefined) return undefined;
    const { events, isArchived, isDeleted, lastVersion } = known;
    return { version: isDeleted ? lastVersion : events.length, isArchived, isDeleted };
  }

  async archive(stream: string): Promise<boolean> {
    const known = this.streams.get(stream);
    if (known?.isDeleted === true) throw new StreamDeletedError(stream);
    if (known !== undefined) known.isArchived = true;
    return known !== undefined;
  }

  async delete(stream: string): Promise<boolean> {
    const known = this.streams.get(stream);
    if (known === undefined) return false;
    if (known.isDeleted) return true;
    known.isDeleted = true;
    known.lastVersion = known.events.length;
    for (const { position } of known.events) this.all[position - 1] = undefined;
    this.count -= known.events.length;
    known.events.length = 0;
    return true;
  }

  watch(wake: () => void): () => void {
    // Wrapped, so that one function given twice is called, and removed, twice.
    const watcher = (): void => wake();
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  private makeStream(stream: string): MemoryStream {
    const category = categoryOf(stream);
    const made: MemoryStream = { events: [], category, isArchived: false, isDeleted: false, lastVersion: 0 };
    this.streams.set(stream, made);
    return made;
  }

  private add(stream: string, { events }: MemoryStream, event: NewEvent): void {
    const stored: StoredEvent = Object.freeze({
      stream,
      version: events.length + 1,
      position: this.all.length + 1,
      id: event.id,
      name: event.name,
      schemaVersion: event.schemaVersion,
      payload: event.payload,
      metadata: Object.freeze({ ...event.metadata }),
      recordedAt: new Date(),
    });
    events.push(stored);
    this.all.push(stored);
    this.count += 1;
  }

  private filterOf({ names, categories, archived }: Omit<AllPageQuery, 'afterPosition' | 'limit'>) {
    const wantedNames = names && new Set(names);
    const wantedCategories = categories && new Set(categories);
    const needsStream = wantedCategories !== undefined || archived === 'exclude';
    return ({ name, stream }: StoredEvent): boolean => {
      if (wantedNames?.has(name) === false) return false;
      if (!needsStream) return true;
      const known = this.streams.get(stream);
      if (archived === 'exclude' && known?.isArchived === true) return false;
      return known === undefined || wantedCategories?.has(known.category) !== false;
    };
  }
}
