import { now } from '../../common/due-timer.js';
import { UNKNOWN_ENTRY, type EnqueueResult, type EntrySnapshot, type QueueEntry } from '../queue/queue-backend.port.js';
import type { QueueSettings } from '../queue/queue-settings.js';
import { FinishedEntries } from './finished-entries.js';
import { MemoryEntry } from './memory-entry.js';

/** Every entry the queue knows, by id: those that are yet to be handled, and those that are finished and still kept. */
export class KnownEntries {
  readonly finished: FinishedEntries;
  private sequence = 0;
  private readonly live = new Map<string, MemoryEntry>();
  private readonly deduplicated = new Map<string, MemoryEntry>();

  constructor(private readonly settings: QueueSettings) {
    this.finished = new FinishedEntries(settings.keepCompleted, settings.keepParked);
  }

  /** How many are not finished. */
  get liveCount(): number {
    return this.live.size;
  }

  /** The number the next entry gets. */
  get nextSequence(): number {
    return this.sequence + 1;
  }

  /** The entry of this id that is not finished. */
  get(id: string): MemoryEntry | undefined {
    return this.live.get(id);
  }

  add(entry: QueueEntry): MemoryEntry {
    this.sequence += 1;
    const added = new MemoryEntry(entry, this.sequence, now());
    this.live.set(entry.id, added);
    if (entry.deduplicationId !== undefined) this.deduplicated.set(entry.deduplicationId, added);
    return added;
  }

  /** Ends what an entry has only until it is finished: its id and its deduplication id are free again. */
  forget({ entry: { id, deduplicationId } }: MemoryEntry): void {
    this.live.delete(id);
    if (deduplicationId !== undefined) this.deduplicated.delete(deduplicationId);
  }

  /** What an entry comes to that is there already, by its id or its deduplication id. */
  duplicateOf({ id, deduplicationId }: QueueEntry): EnqueueResult | undefined {
    const place = this.settings.name;
    if (this.live.has(id) || this.finished.has(id, now())) return { status: 'duplicate', id, place };
    const twin = deduplicationId === undefined ? undefined : this.deduplicated.get(deduplicationId);
    return twin && { status: 'duplicate', id: twin.entry.id, place };
  }

  read(id: string): EntrySnapshot {
    const entry = this.live.get(id);
    if (entry === undefined) return this.finished.read(id, now()) ?? UNKNOWN_ENTRY;
    return { state: entry.state, attempt: entry.attempt, progress: entry.progress, outcome: undefined };
  }
}
