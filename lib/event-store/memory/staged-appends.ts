import type { ExpectedVersion, StoredEvent } from '../event-store.port.js';

/** What a transaction has appended to one stream. */
export interface StagedStream {
  readonly stream: string;
  /** The version of the stream that it was appended to. */
  readonly base: number;
  /** What the first append expected. */
  readonly expected: ExpectedVersion;
  readonly events: StoredEvent[];
}

/** What a transaction has appended to a store in memory, and nobody else sees yet. */
export class StagedAppends {
  private readonly byStream = new Map<string, StagedStream>();
  private lowest = Infinity;

  /** The lowest position it has taken. */
  get firstPosition(): number {
    return this.lowest;
  }

  /** All of it, in the order of the first appends. */
  get streams(): readonly StagedStream[] {
    return [...this.byStream.values()];
  }

  /** Adds events to those appended to the stream before. */
  add(stream: string, appended: Omit<StagedStream, 'stream'>): void {
    this.lowest = Math.min(this.lowest, ...appended.events.map(({ position }) => position));
    const known = this.byStream.get(stream);
    if (known === undefined) this.byStream.set(stream, { stream, ...appended });
    else known.events.push(...appended.events);
  }

  /** The events of a stream as the transaction sees them. */
  seenIn(stream: string, committed: readonly StoredEvent[]): readonly StoredEvent[] {
    const staged = this.byStream.get(stream);
    return staged === undefined ? committed : [...committed.slice(0, staged.base), ...staged.events];
  }
}
