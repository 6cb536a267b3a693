import { QueueFullError, QueueUnavailableError } from './errors.js';
import type { EnqueueResult, QueueBackend, QueueEntry } from './queue-backend.port.js';
import type { QueueSettings } from './queue-settings.js';

/** How old the count may be by which `maxWaiting` is judged, in milliseconds. */
const COUNT_AGE_MS = 250;
/** How many batches are on their way to one queue at once: what is sent meanwhile makes the next, larger one. */
const MAX_BATCHES_ON_THE_WAY = 16;

/** An entry on its way to the store, and who is told what became of it. */
export interface EntrySending {
  readonly entry: QueueEntry;
  readonly resolve: (result: Exclude<EnqueueResult, { readonly status: 'refused' }>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends entries to one queue. What is sent in one turn of the event loop goes in one round trip, in the order it was sent;
 * under load, when batches are on their way already, what comes meanwhile waits for the next. Each sender's promise
 * settles by itself.
 */
export class QueueSender {
  private pending: EntrySending[] = [];
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

  /** Stores an entry. Whoever sent it is told later, never in this turn, also of DISPATCH_QUEUE_FULL and DISPATCH_QUEUE_UNAVAILABLE. */
  send(sending: EntrySending): void {
    if (this.backend.maxBatchCount === 1) {
      this.hand([sending], () => undefined);
      return;
    }
    this.pending.push(sending);
    this.flushSoon();
  }

  /** One batch after the other, so that each leaves before the next is made. */
  private flushSoon(): void {
    const isIdle = this.pending.length === 0 || this.isScheduled || this.isJudging;
    if (isIdle || this.batchesOnTheWay >= MAX_BATCHES_ON_THE_WAY) return;
    this.isScheduled = true;
    process.nextTick(() => {
      this.isScheduled = false;
      const batch = this.pending.splice(0, this.backend.maxBatchCount);
      this.batchesOnTheWay += 1;
      this.sendBatch(batch);
      queueMicrotask(() => this.flushSoon());
    });
  }

  /** Without a promise of its own where the count is good enough, which it nearly always is. */
  private sendBatch(batch: readonly EntrySending[]): void {
    const counting = this.countWaiting(batch.length);
    if (counting === undefined) {
      this.store(batch);
      return;
    }
    this.isJudging = true;
    counting.then(
      () => this.judged(() => this.storeWithin(this.room, batch)),
      (error: unknown) => this.judged(() => this.fail(batch, error, () => this.endBatch())),
    );
  }

  private judged(goOn: () => void): void {
    this.isJudging = false;
    goOn();
    this.flushSoon();
  }

  private storeWithin(room: number, batch: readonly EntrySending[]): void {
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

  private fail(batch: readonly EntrySending[], error: unknown, end: () => void): void {
    for (const sending of batch) sending.reject(this.failureOf(sending, error));
    end();
  }

  private endBatch(): void {
    this.batchesOnTheWay -= 1;
    this.flushSoon();
  }

  private get room(): number {
    return Math.max(0, this.settings.maxWaiting - this.waitingCount);
  }

  private store(batch: readonly EntrySending[]): void {
    if (batch.length === 0) {
      this.endBatch();
      return;
    }
    this.waitingCount += batch.length;
    this.sentSinceCount += batch.length;
    this.hand(batch, () => this.endBatch());
  }

  /** Hands entries to the backend, and what became of them to their senders. */
  private hand(batch: readonly EntrySending[], end: () => void): void {
    let answers: ReturnType<QueueBackend['enqueue']>;
    try {
      answers = this.backend.enqueue(
        this.settings.name,
        batch.map(({ entry }) => entry),
      );
    } catch (error) {
      this.fail(batch, error, end);
      return;
    }
    if (!('then' in answers)) {
      this.tellEach(answers, batch, end);
      return;
    }
    answers.then(
      (results) => {
        batch.forEach((sending, index) => this.tell(sending, results[index]));
        end();
      },
      (error: unknown) => this.fail(batch, error, end),
    );
  }

  private tellEach(answers: readonly Promise<EnqueueResult>[], batch: readonly EntrySending[], end: () => void): void {
    let leftCount = batch.length;
    for (const [index, sending] of batch.entries()) {
      const told = (): void => {
        leftCount -= 1;
        if (leftCount === 0) end();
      };
      const answer = answers[index] ?? Promise.resolve(undefined);
      answer.then(
        (result) => {
          this.tell(sending, result);
          told();
        },
        (error: unknown) => {
          sending.reject(this.failureOf(sending, error));
          told();
        },
      );
    }
  }

  private tell(sending: EntrySending, result: EnqueueResult | undefined): void {
    if (result?.status === 'stored' || result?.status === 'duplicate') {
      sending.resolve(result);
      return;
    }
    const error = result?.error ?? new Error('The queue backend gave too few results.');
    sending.reject(this.failureOf(sending, error));
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
  private failureOf({ entry }: EntrySending, error: unknown): unknown {
    if (!(error instanceof QueueUnavailableError)) return error;
    const attempted = `sending "${entry.name}" (${entry.id}) to the queue "${this.settings.name}"`;
    return new QueueUnavailableError(attempted, error.store, { cause: error, mayBeStored: error.mayBeStored });
  }
}
