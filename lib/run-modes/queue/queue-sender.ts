import { QueueFullError, QueueUnavailableError } from './errors.js';
import type { EnqueueResult, QueueBackend, QueueEntry } from './queue-backend.port.js';
import type { QueueSettings } from './queue-settings.js';

/** How old the count may be by which `maxWaiting` is judged, in milliseconds. */
const COUNT_AGE_MS = 250;
/** How many batches are on their way to one queue at once: what is sent meanwhile makes the next, larger one. */
const MAX_BATCHES_ON_THE_WAY = 4;

/** An entry on its way to the store, and who waits for it. */
interface Sending {
  readonly entry: QueueEntry;
  readonly resolve: (result: EnqueueResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends entries to one queue. What is sent in one turn of the event loop goes in one round trip, in the order it was sent;
 * under load, when batches are on their way already, what comes meanwhile waits for the next. Each sender's promise
 * settles by itself.
 */
export class QueueSender {
  private pending: Sending[] = [];
  private batchesOnTheWay = 0;
  private isScheduled = false;
  /** True while a batch waits for a count: one that needs none must not overtake it. */
  private isJudging = false;
  private countedAtMs = -Infinity;
  private waitingCount = 0;
  private sentSinceCount = 0;
  private counting: Promise<void> | undefined;

  constructor(
    private readonly backend: Pick<QueueBackend, 'enqueue' | 'counts' | 'maxBatchCount'>,
    private readonly settings: QueueSettings,
  ) {}

  /**
   * Stores an entry.
   *
   * @throws DISPATCH_QUEUE_FULL, DISPATCH_QUEUE_UNAVAILABLE
   */
  send(entry: QueueEntry): Promise<EnqueueResult> {
    return new Promise((resolve, reject) => {
      this.pending.push({ entry, resolve, reject });
      if (this.isScheduled || this.batchesOnTheWay >= MAX_BATCHES_ON_THE_WAY) return;
      this.isScheduled = true;
      process.nextTick(() => {
        this.isScheduled = false;
        this.flush();
      });
    });
  }

  private flush(): void {
    while (this.pending.length > 0 && !this.isJudging && this.batchesOnTheWay < MAX_BATCHES_ON_THE_WAY) {
      const batch = this.pending.splice(0, this.backend.maxBatchCount);
      this.batchesOnTheWay += 1;
      this.sendBatch(batch);
    }
  }

  /** Without a promise of its own where the count is good enough, which it nearly always is. */
  private sendBatch(batch: readonly Sending[]): void {
    const counting = this.countWaiting(batch.length);
    if (counting === undefined) {
      this.store(batch);
      return;
    }
    this.isJudging = true;
    counting.then(
      () => this.judged(() => this.storeWithin(this.room, batch)),
      (error: unknown) => this.judged(() => this.fail(batch, error)),
    );
  }

  private judged(goOn: () => void): void {
    this.isJudging = false;
    goOn();
    this.flush();
  }

  private storeWithin(room: number, batch: readonly Sending[]): void {
    let left = room;
    const taken = batch.filter(({ entry, reject }) => {
      if (left > 0 || entry.isForwarded === true) {
        left -= 1;
        return true;
      }
      reject(new QueueFullError(entry.name, this.settings.name, this.settings.maxWaiting));
      return false;
    });
    this.store(taken);
  }

  private fail(batch: readonly Sending[], error: unknown): void {
    for (const sending of batch) sending.reject(this.failureOf(sending, error));
    this.endBatch();
  }

  private endBatch(): void {
    this.batchesOnTheWay -= 1;
    this.flush();
  }

  private get room(): number {
    return Math.max(0, this.settings.maxWaiting - this.waitingCount);
  }

  private store(batch: readonly Sending[]): void {
    if (batch.length === 0) {
      this.endBatch();
      return;
    }
    this.waitingCount += batch.length;
    this.sentSinceCount += batch.length;
    let results: readonly Promise<EnqueueResult>[];
    try {
      results = this.backend.enqueue(
        this.settings.name,
        batch.map(({ entry }) => entry),
      );
    } catch (error) {
      this.fail(batch, error);
      return;
    }
    let leftCount = batch.length;
    const end = (): void => {
      leftCount -= 1;
      if (leftCount === 0) this.endBatch();
    };
    for (const [index, sending] of batch.entries()) {
      const result = results[index] ?? Promise.reject(new Error('The queue backend gave too few results.'));
      result.then(
        (value) => {
          sending.resolve(value);
          end();
        },
        (error: unknown) => {
          sending.reject(this.failureOf(sending, error));
          end();
        },
      );
    }
  }

  /** Counts what waits, where the count may be too old to tell whether there is room. */
  private countWaiting(added: number): Promise<void> | undefined {
    const { maxWaiting } = this.settings;
    const isOld = Date.now() - this.countedAtMs > COUNT_AGE_MS;
    if (isOld) this.counting ??= this.count();
    const isCertain = this.countedAtMs > 0 && this.waitingCount + added < maxWaiting / 2;
    if (!isCertain) return this.makeCertain(added);
    this.counting?.catch(() => 'the next batch counts again, and the backend reports that the store does not answer');
    return undefined;
  }

  private async makeCertain(added: number): Promise<void> {
    await this.counting;
    // What was sent since the count may have been handled since, so by it alone nothing is refused.
    if (this.room < added && this.sentSinceCount > 0) await (this.counting ??= this.count());
  }

  private async count(): Promise<void> {
    try {
      const { waiting, delayed } = await this.backend.counts(this.settings.name);
      this.waitingCount = waiting + delayed;
      this.sentSinceCount = 0;
      this.countedAtMs = Date.now();
    } finally {
      this.counting = undefined;
    }
  }

  /** The failure of a batch, told to the sender of one message: it names that message. */
  private failureOf({ entry }: Sending, error: unknown): unknown {
    if (!(error instanceof QueueUnavailableError)) return error;
    const attempted = `sending "${entry.name}" (${entry.id}) to the queue "${this.settings.name}"`;
    return new QueueUnavailableError(attempted, error.store, { cause: error, mayBeStored: error.mayBeStored });
  }
}
