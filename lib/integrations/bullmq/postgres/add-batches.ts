import type { PostgresQueueBackend } from 'bullmq';

/** A job to be added, as BullMQ hands it on. */
export type NewJobEntry = Parameters<PostgresQueueBackend['addJobs']>[0][number];

/** As many as are added in one statement. */
export const MAX_BATCH_COUNT = 1000;

interface Batch {
  readonly entries: NewJobEntry[];
  readonly resolve: (ids: string[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Adds jobs of one queue in the order they come in, one statement after the other; what waits meanwhile shares the next. */
export class AddBatches {
  private waiting: Batch[] = [];
  private isAdding = false;

  constructor(private readonly store: (entries: NewJobEntry[]) => Promise<string[]>) {}

  /** Adds jobs. @returns their ids, in order */
  add(entries: NewJobEntry[]): Promise<string[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ entries, resolve, reject });
      if (!this.isAdding) void this.addWaiting();
    });
  }

  /** Never rejects: each batch is told how its jobs fared. */
  private async addWaiting(): Promise<void> {
    this.isAdding = true;
    while (this.waiting.length > 0) await this.addTogether(this.nextBatches());
    this.isAdding = false;
  }

  /** Those at the front that fit into one statement, and are of a kind: BullMQ is slow with deduplication ids. */
  private nextBatches(): Batch[] {
    const [first, ...others] = this.waiting;
    if (first === undefined) return [];
    const together = [first];
    let count = first.entries.length;
    for (const batch of others) {
      count += batch.entries.length;
      if (count > MAX_BATCH_COUNT || isPlain(batch) !== isPlain(first)) break;
      together.push(batch);
    }
    this.waiting = this.waiting.slice(together.length);
    return together;
  }

  private async addTogether(batches: readonly Batch[]): Promise<void> {
    try {
      const ids = await this.store(batches.flatMap(({ entries }) => entries));
      let start = 0;
      for (const { entries, resolve } of batches) {
        resolve(ids.slice(start, start + entries.length));
        start += entries.length;
      }
    } catch (error) {
      for (const { reject } of batches) reject(error);
    }
  }
}

function isPlain({ entries }: Batch): boolean {
  return entries.every(({ job }) => job.deduplicationId === undefined);
}
