import { LockLostError, type Delivery, type JsonValue } from '../../../index.js';
import { contentOf } from '../entries/entry-format.js';
import { isGone } from '../errors.js';
import { entryIdOf } from '../entries/job-ids.js';
import { queueOf } from '../entries/places.js';
import type { Store, StoreJob } from '../store.js';

/** A job in the hands of this process, with the token that proves it. */
export interface HeldJob {
  readonly job: StoreJob;
  readonly jobId: string;
  readonly token: string;
  readonly place: string;
}

/**
 * Whether the job is this process's still. The store is asked only where so long has passed since it last said so that
 * somebody else may have the job by now: a process may be stopped at any moment, for any time.
 */
export async function isHeld({ job, token }: HeldJob, saidAtMs: number, lockMs: number): Promise<boolean> {
  for (let sinceMs = saidAtMs; !isSurelyHeld(sinceMs, lockMs);) {
    // From before the question: the process may be stopped while the answer is on its way.
    sinceMs = Date.now();
    if ((await job.extendLock(token, lockMs)) !== 1) return false;
  }
  return true;
}

/** Whether the store said so lately that the job is this process's that nobody else can have it. */
export function isSurelyHeld(saidAtMs: number, lockMs: number): boolean {
  return Date.now() - saidAtMs <= lockMs / 2;
}

/** One attempt at one job. */
export class JobDelivery implements Delivery {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly key: string | undefined;
  readonly place: string;
  readonly enqueuedAt: Date;
  readonly attempt: number;
  private reason: Error | undefined;
  private listener: ((reason: Error) => void) | undefined;

  constructor(
    readonly held: HeldJob,
    private readonly store: Pick<Store, 'addAttempts'>,
    private readonly lockMs: number,
  ) {
    const { job, jobId, place } = held;
    const { data, key } = contentOf(job.data);
    this.id = entryIdOf(jobId);
    this.name = job.name;
    this.data = data;
    this.key = key;
    this.place = place;
    this.enqueuedAt = new Date(job.timestamp);
    this.attempt = job.attemptsStarted;
  }

  /** Whether the store has given the job to somebody else, or removed it. */
  get isLost(): boolean {
    return this.reason instanceof LockLostError;
  }

  /** @throws DISPATCH_LOCK_LOST where the job is not this process's any more */
  async countAttempt(): Promise<number> {
    const { jobId, place, token } = this.held;
    const askedAtMs = Date.now();
    const attempt = await this.store.addAttempts(place, jobId, token, 1);
    if (attempt === undefined || !(await isHeld(this.held, askedAtMs, this.lockMs))) throw this.lose();
    return attempt;
  }

  /** A value for a job that is no longer there is dropped: the handler learns of that by its signal. */
  async progress(value: JsonValue): Promise<void> {
    try {
      await this.held.job.updateProgress({ value });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  onAbort(listener: (reason: Error) => void): void {
    if (this.reason === undefined) this.listener = listener;
    else listener(this.reason);
  }

  /** Tells the handler to stop. A lost job stays lost, whatever else happens. */
  abort(reason: Error): void {
    const isFirst = this.reason === undefined;
    if (isFirst || reason instanceof LockLostError) this.reason = reason;
    if (isFirst) this.listener?.(reason);
  }

  /** Tells the handler that the job is somebody else's. */
  lose(): LockLostError {
    const error = new LockLostError(queueOf(this.place), this.id);
    this.abort(error);
    return error;
  }
}
