import type { Link } from '../../common/linked-list.js';
import type { Delivery, JsonValue, QueueEntry } from '../queue/queue-backend.port.js';

/** An entry that is not finished, with all that is known of it. */
export class MemoryEntry {
  state: 'waiting' | 'delayed' | 'active' = 'waiting';
  attempt = 0;
  progress: JsonValue | undefined;
  /** When its first attempt failed, in milliseconds; undefined where none has. */
  firstFailedAt: number | undefined;
  /** When it became ready for the first time, in milliseconds. */
  readySince = 0;
  /** When a delayed one becomes ready, in milliseconds. */
  dueAt = 0;
  /** Its place among the delayed ones; -1 where it is none of them. */
  heapIndex = -1;
  /** Its place among all that is ready, by age. */
  age: Link<MemoryEntry> | undefined;
  /** Its place among those of its priority, or of its key. */
  spot: Link<MemoryEntry> | undefined;
  private abortReason: Error | undefined;
  private abortListener: ((reason: Error) => void) | undefined;

  constructor(
    readonly entry: QueueEntry,
    /** From 1, in the order the queue took its entries. */
    readonly sequence: number,
    readonly enqueuedAt: number,
  ) {}

  /** Whether somebody has asked for it to stop. */
  get isAborted(): boolean {
    return this.abortReason !== undefined;
  }

  /** Tells the handler that runs, now or once it listens. A second reason changes nothing. */
  abort(reason: Error): void {
    if (this.abortReason !== undefined) return;
    this.abortReason = reason;
    this.abortListener?.(reason);
  }

  /** Says whom to tell. */
  onAbort(listener: (reason: Error) => void): void {
    if (this.abortReason === undefined) this.abortListener = listener;
    else listener(this.abortReason);
  }

  /** Lets go of the listener of the attempt that has ended. */
  forgetListener(): void {
    this.abortListener = undefined;
  }
}

/** One attempt at an entry, as its handler sees it. */
export class MemoryDelivery implements Delivery {
  readonly attempt: number;

  constructor(
    readonly place: string,
    private readonly stored: MemoryEntry,
  ) {
    this.attempt = stored.attempt;
  }

  get id(): string {
    return this.stored.entry.id;
  }

  get name(): string {
    return this.stored.entry.name;
  }

  get data(): unknown {
    return this.stored.entry.data;
  }

  get key(): string | undefined {
    return this.stored.entry.key;
  }

  get sequence(): number {
    return this.stored.sequence;
  }

  get enqueuedAt(): Date {
    return new Date(this.stored.enqueuedAt);
  }

  async countAttempt(): Promise<number> {
    this.stored.attempt += 1;
    return this.stored.attempt;
  }

  async progress(value: JsonValue): Promise<void> {
    this.stored.progress = value;
  }

  onAbort(listener: (reason: Error) => void): void {
    this.stored.onAbort(listener);
  }
}
