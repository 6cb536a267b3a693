import { describeValue } from '../../common/describe-value.js';
import { MemoryTransaction } from '../../transactions/memory/in-memory-transactions.js';
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
import { StagedAppends } from './staged-appends.js';

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
 * Keeps events in the memory of this process: for tests, and to begin with. What is in it is gone with the process. It takes the
 * transactions of `inMemoryTransactions()`: what they append is seen by them alone until they commit, and the version of a stream is
 * looked at both when they append and when they commit. Pages of all events end before the first one that is not committed yet.
 *
 * @throws DISPATCH_INVALID_EVENT_STORE_OPTIONS
 */
export function inMemoryEventStore(options: InMemoryEventStoreOptions = {}): EventStore<MemoryTransaction> {
  const { maxEvents = 1_000_000 } = options;
  if (!Number.isSafeInteger(maxEvents) || maxEvents < 1) {
    throw new InvalidEventStoreOptionsError('inMemoryEventStore()', [
      `has maxEvents ${describeValue(maxEvents)}, not a whole number from 1`,
    ]);
  }
  return new InMemoryEventStore(maxEvents);
}

class InMemoryEventStore implements EventStore<MemoryTransaction> {
  readonly isShared = false;
  private readonly streams = new Map<string, MemoryStream>();
  /** The event of position n is at n - 1; undefined where its stream was deleted, or it is not committed. */
  private readonly all: (StoredEvent | undefined)[] = [];
  private readonly watchers = new Set<() => void>();
  private readonly staged = new Map<MemoryTransaction, StagedAppends>();
  private count = 0;

  constructor(private readonly maxEvents: number) {}

  async append(
    stream: string,
    events: readonly NewEvent[],
    { expectedVersion, transaction }: StoreAppendOptions<MemoryTransaction>,
  ): Promise<AppendResult> {
    checkAppend(stream, events, expectedVersion);
    const staged = transaction === undefined ? undefined : this.stagedIn(transaction);
    const base = this.openVersion(stream);
    const version = this.seenBy(staged, stream).length;
    if (!isExpected(version, expectedVersion)) throw new ConcurrencyError(stream, expectedVersion, version);
    if (events.length === 0) return { version, position: 0 };
    if (this.count + events.length > this.maxEvents) throw new EventStoreFullError(this.maxEvents);
    const stored = events.map((event, index) => this.place(stream, version + index + 1, event));
    if (staged !== undefined) staged.add(stream, { base, expected: expectedVersion, events: stored });
    else this.keep(stream, stored);
    return { version: version + events.length, position: this.all.length };
  }

  async readStreamPage(
    stream: string,
    { from, to, direction, limit, transaction }: StreamPageQuery<MemoryTransaction>,
  ): Promise<readonly StoredEvent[]> {
    if (this.streams.get(stream)?.isDeleted === true) throw new StreamDeletedError(stream);
    const events = this.seenBy(transaction === undefined ? undefined : this.stagedIn(transaction), stream);
    const end = Math.min(to, events.length);
    if (direction === 'forwards') return events.slice(from - 1, Math.min(end, from - 1 + limit));
    return events.slice(Math.max(from - 1, end - limit), Math.max(from - 1, end)).toReversed();
  }

  async readAllPage({ afterPosition, limit, ...filter }: AllPageQuery): Promise<EventPage> {
    const fits = this.filterOf(filter);
    const events: StoredEvent[] = [];
    const last = this.lastSettled();
    const end = Math.min(last, afterPosition + LOOKED_AT_ONCE);
    let index = Math.min(afterPosition, end);
    for (; index < end && events.length < limit; index++) {
      const event = this.all[index];
      if (event !== undefined && fits(event)) events.push(event);
    }
    return { events, position: Math.max(afterPosition, index), isEnd: index >= last };
  }

  async lastPosition(): Promise<number> {
    return this.lastSettled();
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

  /** The version that a stream has for all. @throws DISPATCH_STREAM_DELETED, DISPATCH_STREAM_ARCHIVED where nothing can be appended to it */
  private openVersion(stream: string): number {
    const known = this.streams.get(stream);
    if (known?.isDeleted === true) throw new StreamDeletedError(stream);
    if (known?.isArchived === true) throw new StreamArchivedError(stream);
    return known?.events.length ?? 0;
  }

  /** The events of a stream, with those that only a transaction sees. */
  private seenBy(staged: StagedAppends | undefined, stream: string): readonly StoredEvent[] {
    const events = this.streams.get(stream)?.events ?? [];
    return staged === undefined ? events : staged.seenIn(stream, events);
  }

  /** The highest position below which everything is settled. */
  private lastSettled(): number {
    const open = [...this.staged.values()].map(({ firstPosition }) => firstPosition - 1);
    return Math.min(this.all.length, ...open);
  }

  /** What a transaction has appended here. @throws DISPATCH_FOREIGN_MEMORY_TRANSACTION, DISPATCH_TRANSACTION_OVER */
  private stagedIn(given: MemoryTransaction): StagedAppends {
    const transaction = MemoryTransaction.of(given);
    const known = this.staged.get(transaction);
    if (known !== undefined) return known;
    const staged = new StagedAppends();
    transaction.add({
      check: () => this.check(staged),
      apply: () => {
        this.staged.delete(transaction);
        for (const { stream, events } of staged.streams) this.keep(stream, events);
      },
      drop: () => {
        this.staged.delete(transaction);
        for (const { events } of staged.streams) this.count -= events.length;
        this.wake();
      },
    });
    this.staged.set(transaction, staged);
    return staged;
  }

  /** @throws DISPATCH_CONCURRENCY where somebody else was faster, DISPATCH_STREAM_DELETED, DISPATCH_STREAM_ARCHIVED */
  private check({ streams }: StagedAppends): void {
    for (const { stream, base, expected } of streams) {
      const version = this.openVersion(stream);
      if (version !== base) throw new ConcurrencyError(stream, expected, version);
    }
  }

  /** Takes a position for an event; nobody sees it yet. */
  private place(stream: string, version: number, event: NewEvent): StoredEvent {
    this.count += 1;
    return Object.freeze({
      stream,
      version,
      position: this.all.push(undefined),
      id: event.id,
      name: event.name,
      schemaVersion: event.schemaVersion,
      payload: event.payload,
      metadata: Object.freeze({ ...event.metadata }),
      recordedAt: new Date(),
    });
  }

  private keep(stream: string, stored: readonly StoredEvent[]): void {
    const { events } = this.streams.get(stream) ?? this.makeStream(stream);
    for (const event of stored) {
      events.push(event);
      this.all[event.position - 1] = event;
    }
    this.wake();
  }

  private wake(): void {
    for (const wake of this.watchers) wake();
  }

  private makeStream(stream: string): MemoryStream {
    const category = categoryOf(stream);
    const made: MemoryStream = { events: [], category, isArchived: false, isDeleted: false, lastVersion: 0 };
    this.streams.set(stream, made);
    return made;
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
