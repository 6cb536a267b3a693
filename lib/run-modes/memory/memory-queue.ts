import { CancelledError, QueueClosedError, QueueFullError } from '../queue/errors.js';
import type {
  BackendHost,
  CancelResult,
  EnqueueResult,
  EntryOutcome,
  EntrySnapshot,
  ParkedChanges,
  ParkingPlace,
  QueueCounts,
  QueueEntry,
  Settlement,
} from '../queue/queue-backend.port.js';
import type { QueueSettings } from '../queue/queue-settings.js';
import { toWireError } from '../queue/wire-error.js';
import { DelayedEntries } from './delayed-entries.js';
import { DueTimer, now } from '../../common/due-timer.js';
import type { ResolvedInMemoryQueueOptions } from './in-memory-queue.options.js';
import type { FinishedEntries } from './finished-entries.js';
import { KnownEntries } from './known-entries.js';
import type { MemoryEntry } from './memory-entry.js';
import { refused, RoomWaiters } from './room.js';
import { WaitingLine } from './waiting-line.js';

/** The entries of one queue in whatever state, and the rules by which they go from one to the next. */
export class MemoryQueue {
  private readonly known: KnownEntries;
  private readonly line = new WaitingLine();
  private readonly delayed = new DelayedEntries();
  private readonly room = new RoomWaiters();
  private readonly timer = new DueTimer(() => this.promote());
  private readonly stored: Promise<EnqueueResult>;
  private isPaused = false;
  private isClosed = false;

  constructor(
    private settings: QueueSettings,
    private readonly options: ResolvedInMemoryQueueOptions,
    private readonly host: BackendHost,
    /** Called when there may be something to deliver. */
    private readonly onReady: () => void,
  ) {
    this.known = new KnownEntries(settings);
    this.stored = Promise.resolve(Object.freeze({ status: 'stored', place: settings.name }));
  }

  get name(): string {
    return this.settings.name;
  }

  /** The number that the next entry gets. */
  get nextSequence(): number {
    return this.known.nextSequence;
  }

  /** Whether entries may be taken. */
  get isOpen(): boolean {
    return !this.isPaused && !this.isClosed;
  }

  /** Whether an entry without a key is ready. */
  get hasUnkeyed(): boolean {
    return this.line.unkeyedSize > 0;
  }

  /** Whether nothing is left that could be delivered now or is being delivered. */
  get isDrained(): boolean {
    return this.line.size === 0 && this.known.liveCount === this.delayed.size;
  }

  configure(settings: QueueSettings): void {
    this.settings = settings;
    this.finished.keep(settings.keepCompleted, settings.keepParked);
  }

  /** Takes an entry in. The promise waits only in the full mode `wait`, and never rejects. */
  enqueue(entry: QueueEntry): Promise<EnqueueResult> {
    if (this.isClosed) return refused(new QueueClosedError(entry.name, this.name));
    const twin = this.known.duplicateOf(entry);
    if (twin !== undefined) return Promise.resolve(twin);
    if (entry.isForwarded !== true && !this.hasRoom()) {
      const refusal = this.makeRoomFor(entry);
      if (refusal !== undefined) return refusal;
    }
    this.store(entry);
    return this.stored;
  }

  /** Takes the next entry without a key, or with one, for a delivery. */
  take(isKeyed: boolean): MemoryEntry | undefined {
    const entry = isKeyed ? this.line.takeKeyed() : this.line.takeUnkeyed();
    if (entry === undefined) return undefined;
    entry.state = 'active';
    entry.attempt += 1;
    if (this.room.size > 0) this.admitWaiters();
    return entry;
  }

  /** Ends a delivery. */
  settle(entry: MemoryEntry, settlement: Settlement): void {
    entry.forgetListener();
    switch (settlement.action) {
      case 'complete':
        return this.complete(entry, { status: 'completed', result: settlement.result });
      case 'discard':
        return this.complete(entry, { status: 'failed', error: settlement.error });
      case 'park':
        entry.firstFailedAt ??= settlement.firstFailedAt?.getTime();
        this.forget(entry);
        this.finished.park(entry, settlement.place, settlement.error, now());
        return this.reply(entry, { status: 'failed', error: settlement.error });
      case 'retry':
      case 'giveBack':
        return this.deliverAgain(entry, settlement);
    }
  }

  private complete(entry: MemoryEntry, outcome: EntryOutcome): void {
    this.forget(entry);
    this.finished.complete(entry, outcome, now());
    this.reply(entry, outcome);
  }

  read(id: string): EntrySnapshot {
    return this.known.read(id);
  }

  cancel(id: string): CancelResult {
    const entry = this.known.get(id);
    if (entry === undefined) return this.finished.has(id, now()) ? 'finished' : 'unknown';
    if (entry.state === 'active') {
      entry.abort(new CancelledError(id));
      return 'requested';
    }
    this.remove(entry);
    this.fail(entry, new CancelledError(id));
    this.onReady();
    return 'cancelled';
  }

  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.host.happened({ type: 'paused', queue: this.name });
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.host.happened({ type: 'resumed', queue: this.name });
    this.onReady();
  }

  counts(): QueueCounts {
    const time = now();
    return {
      waiting: this.line.size,
      delayed: this.delayed.size,
      active: this.known.liveCount - this.line.size - this.delayed.size,
      completed: this.finished.completedCount(time),
      parked: this.finished.parkedCounts(time),
      isPaused: this.isPaused,
      oldestWaitingMs: this.line.oldest === undefined ? 0 : Math.max(0, time - this.line.oldest.readySince),
    };
  }

  get finished(): FinishedEntries {
    return this.known.finished;
  }

  /** Puts what is parked back, whatever waits here. @returns whether it was there */
  replay(place: ParkingPlace, id: string, changes: ParkedChanges): boolean {
    if (this.isClosed) throw new QueueClosedError(id, this.name);
    const entry = this.finished.takeParked(place, id, now());
    if (entry === undefined) return false;
    const { data = entry.data } = changes;
    this.store({ ...entry, data, delayMs: 0, deduplicationId: undefined, replyTo: undefined });
    return true;
  }

  /** Drops what waits, telling of each entry, and takes nothing more in. Idempotent. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const refusal = (entry: QueueEntry): EnqueueResult => ({
      status: 'refused',
      error: new QueueClosedError(entry.name, this.name),
    });
    this.room.admit(() => true, refusal);
    for (const entry of [...this.line, ...this.delayed.values()]) {
      this.drop(entry, new QueueClosedError(entry.entry.name, this.name));
    }
  }

  private readonly hasRoom = (): boolean => this.line.size + this.delayed.size < this.options.capacity;

  /** Undefined where there is room now. */
  private makeRoomFor(entry: QueueEntry): Promise<EnqueueResult> | undefined {
    const { fullMode, capacity } = this.options;
    const full = (name: string, fate: 'refused' | 'dropped'): QueueFullError =>
      new QueueFullError(name, this.name, capacity, fate);
    if (fullMode === 'wait') return this.room.add(entry);
    if (fullMode === 'reject') return refused(full(entry.name, 'refused'));
    if (fullMode === 'dropWrite') return refused(full(entry.name, 'dropped'));
    // What is ready goes first: what is delayed was asked to come later, and is looked at only where there is nothing else.
    const victim =
      fullMode === 'dropOldest' ? (this.line.oldest ?? this.delayed.first) : (this.line.newest ?? this.delayed.last);
    if (victim !== undefined) this.drop(victim, full(victim.entry.name, 'dropped'));
    return undefined;
  }

  private admitWaiters(): void {
    this.room.admit(this.hasRoom, (entry) => {
      const twin = this.known.duplicateOf(entry);
      if (twin !== undefined) return twin;
      this.store(entry);
      return { status: 'stored', place: this.name };
    });
  }

  private store(entry: QueueEntry): void {
    const stored = this.known.add(entry);
    if (entry.delayMs > 0) this.delay(stored, entry.delayMs);
    else this.makeReady(stored);
  }

  private delay(entry: MemoryEntry, delayMs: number): void {
    entry.state = 'delayed';
    entry.dueAt = now() + delayMs;
    this.delayed.add(entry);
    this.timer.set(this.delayed.nextDueAt);
  }

  private makeReady(entry: MemoryEntry): void {
    entry.state = 'waiting';
    entry.readySince = now();
    this.line.addLast(entry);
    this.onReady();
  }

  private promote(): void {
    const time = now();
    for (let due = this.delayed.takeDue(time); due !== undefined; due = this.delayed.takeDue(time)) this.makeReady(due);
    this.timer.set(this.delayed.nextDueAt);
  }

  private deliverAgain(entry: MemoryEntry, settlement: Settlement & { action: 'retry' | 'giveBack' }): void {
    if (settlement.action === 'retry') entry.firstFailedAt ??= settlement.firstFailedAt?.getTime() ?? now();
    if (entry.isAborted) {
      this.forget(entry);
      this.fail(entry, new CancelledError(entry.entry.id));
    } else if (this.isClosed) {
      this.drop(entry, new QueueClosedError(entry.entry.name, this.name));
    } else {
      this.putBack(entry, settlement);
    }
  }

  private putBack(entry: MemoryEntry, { action, delayMs = 0 }: Settlement & { action: 'retry' | 'giveBack' }): void {
    const isGivenBack = action === 'giveBack';
    if (isGivenBack) entry.attempt -= 1;
    if (delayMs > 0 && (!isGivenBack || entry.entry.key === undefined)) return this.delay(entry, delayMs);
    if (!isGivenBack) return this.makeReady(entry);
    entry.state = 'waiting';
    this.line.addFirst(entry);
  }

  private drop(entry: MemoryEntry, error: Error): void {
    this.remove(entry);
    this.host.happened({ type: 'dropped', queue: this.name, entry: entry.entry, error, sequence: entry.sequence });
    this.fail(entry, error);
  }

  /** Removes an entry from wherever it waits. */
  private remove(entry: MemoryEntry): void {
    this.line.remove(entry);
    this.delayed.remove(entry);
    this.timer.set(this.delayed.nextDueAt);
    this.forget(entry);
    if (this.room.size > 0) this.admitWaiters();
  }

  /** Ends what only an entry has that is not finished: its id, its deduplication id, its hold on its key. */
  private forget(entry: MemoryEntry): void {
    this.known.forget(entry);
    if (entry.entry.key !== undefined) this.line.release(entry);
  }

  private fail(entry: MemoryEntry, error: Error): void {
    this.reply(entry, { status: 'failed', error: toWireError(error) });
  }

  private reply(entry: MemoryEntry, outcome: EntryOutcome): void {
    const { id, replyTo } = entry.entry;
    if (replyTo === this.host.instanceId) this.host.replied(id, outcome, this.name);
  }
}
