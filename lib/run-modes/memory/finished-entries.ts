import { LinkedList, type Link } from '../../common/linked-list.js';
import type {
  EntryOutcome,
  EntrySnapshot,
  ListedEntry,
  ParkedEntry,
  ParkedPageRequest,
  ParkedSpot,
  ParkingPlace,
  QueueEntry,
  WireError,
} from '../queue/queue-backend.port.js';
import type { Retention } from '../queue/queue-settings.js';
import type { MemoryEntry } from './memory-entry.js';

interface Finished {
  readonly id: string;
  readonly endedAt: number;
  readonly snapshot: EntrySnapshot;
  /** There for one that was parked. */
  readonly parked: ListedEntry | undefined;
  /** As it was enqueued; there for one that was parked. */
  readonly entry: QueueEntry | undefined;
}

type Shelf = LinkedList<Finished>;

/**
 * Entries that are completed or parked, as long as they are kept. What is over age is removed when the shelf is looked at
 * or added to, so no timer is needed; in between, the limit by count bounds the memory.
 */
export class FinishedEntries {
  private readonly byId = new Map<string, { readonly shelf: Shelf; readonly link: Link<Finished> }>();
  private readonly completed: Shelf = new LinkedList();
  private parkedCount = 0;
  private readonly places: Readonly<Record<ParkingPlace, Shelf>> = {
    failed: new LinkedList(),
    unreadable: new LinkedList(),
    unhandled: new LinkedList(),
    invalid: new LinkedList(),
  };

  constructor(
    private keepCompleted: Required<Retention>,
    private keepParked: Required<Retention>,
  ) {}

  /** Changes how long what is finished is kept, from the next look on. */
  keep(keepCompleted: Required<Retention>, keepParked: Required<Retention>): void {
    this.keepCompleted = keepCompleted;
    this.keepParked = keepParked;
  }

  /** Keeps the end of an entry that nobody has to look at: it was handled, or dropped on purpose. */
  complete(entry: MemoryEntry, outcome: EntryOutcome, time: number): void {
    const { attempt, progress } = entry;
    const snapshot: EntrySnapshot = { state: outcome.status, attempt, progress, outcome };
    this.add(this.completed, { id: entry.entry.id, endedAt: time, snapshot, parked: undefined, entry: undefined });
    this.sweep(this.completed, time);
  }

  park(entry: MemoryEntry, place: ParkingPlace, error: WireError, time: number): void {
    const { attempt, progress, firstFailedAt } = entry;
    const { id, name, data, key } = entry.entry;
    const snapshot: EntrySnapshot = { state: 'failed', attempt, progress, outcome: { status: 'failed', error } };
    const times = { parkedAt: new Date(time), firstFailedAt: new Date(firstFailedAt ?? time) };
    this.parkedCount += 1;
    // By number, as they came, where the clock does not tell them apart.
    const spot = { parkedAtMs: time, id: String(this.parkedCount).padStart(16, '0') };
    const parked = { id, name, data, place, error, attempt, ...times, key, spot };
    this.add(this.places[place], { id, endedAt: time, snapshot, parked, entry: entry.entry });
    this.sweep(this.places[place], time);
  }

  has(id: string, time: number): boolean {
    return this.byId.size > 0 && this.read(id, time) !== undefined;
  }

  read(id: string, time: number): EntrySnapshot | undefined {
    const shelf = this.byId.get(id)?.shelf;
    if (shelf === undefined) return undefined;
    this.sweep(shelf, time);
    return this.byId.get(id)?.link.value.snapshot;
  }

  /** The parked ones of a place, the newest first. */
  parked(place: ParkingPlace, limit: number, time: number): readonly ParkedEntry[] {
    return this.parkedPage(place, { limit }, time).map(withoutSpot);
  }

  parkedPage(place: ParkingPlace, { limit, after }: ParkedPageRequest, time: number): readonly ListedEntry[] {
    this.sweep(this.places[place], time);
    const found: ListedEntry[] = [];
    for (const { parked } of this.places[place].backwards()) {
      if (found.length >= limit) break;
      if (parked !== undefined && (after === undefined || comesAfter(parked.spot, after))) found.push(parked);
    }
    return found;
  }

  readParked(place: ParkingPlace, id: string, time: number): ParkedEntry | undefined {
    const parked = this.parkedIn(place, id, time)?.parked;
    return parked && withoutSpot(parked);
  }

  /** Removes one that is parked. @returns what was enqueued; undefined where it is not there */
  takeParked(place: ParkingPlace, id: string, time: number): QueueEntry | undefined {
    const found = this.parkedIn(place, id, time);
    if (found === undefined) return undefined;
    this.places[place].remove(found.link);
    this.byId.delete(id);
    return found.entry;
  }

  completedCount(time: number): number {
    this.sweep(this.completed, time);
    return this.completed.size;
  }

  parkedCounts(time: number): Readonly<Record<ParkingPlace, number>> {
    const countOf = (place: ParkingPlace): number => {
      this.sweep(this.places[place], time);
      return this.places[place].size;
    };
    return {
      failed: countOf('failed'),
      unreadable: countOf('unreadable'),
      unhandled: countOf('unhandled'),
      invalid: countOf('invalid'),
    };
  }

  private parkedIn(place: ParkingPlace, id: string, time: number): (Finished & { link: Link<Finished> }) | undefined {
    this.sweep(this.places[place], time);
    const known = this.byId.get(id);
    return known?.shelf === this.places[place] ? { ...known.link.value, link: known.link } : undefined;
  }

  private add(shelf: Shelf, finished: Finished): void {
    this.byId.set(finished.id, { shelf, link: shelf.push(finished) });
  }

  private sweep(shelf: Shelf, time: number): void {
    const { count, ageMs } = shelf === this.completed ? this.keepCompleted : this.keepParked;
    for (;;) {
      const oldest = shelf.first;
      if (oldest === undefined || (shelf.size <= count && time - oldest.endedAt < ageMs)) return;
      shelf.shift();
      this.byId.delete(oldest.id);
    }
  }
}

function withoutSpot({ spot: _spot, ...entry }: ListedEntry): ParkedEntry {
  return entry;
}

function comesAfter(one: ParkedSpot, other: ParkedSpot): boolean {
  return one.parkedAtMs === other.parkedAtMs ? one.id < other.id : one.parkedAtMs < other.parkedAtMs;
}
