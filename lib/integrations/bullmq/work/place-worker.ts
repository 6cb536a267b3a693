import { setTimeout as delay } from 'node:timers/promises';

import { WaitingError } from 'bullmq';

import type { DeliveryHandler, EntryOutcome, QueueSettings, Settlement, WireError } from '../../../index.js';
import { contentOf, discardedValueOf, errorNote, returnValueOf } from '../entries/entry-format.js';
import { isGone } from '../errors.js';
import { isHeld, isSurelyHeld, JobDelivery, type HeldJob } from './job-delivery.js';
import { entryIdOf } from '../entries/job-ids.js';
import { CompletedRetention, keepJobs } from './completed-retention.js';
import type { ParkingLot } from '../entries/parking-lot.js';
import { queueOf } from '../entries/places.js';
import type { Replies } from '../replies.js';
import type { Store, StoreJob, StoreWorker, StoreWorkerOptions } from '../store.js';

/** How long a job waits whose settlement the store refused, in milliseconds. */
const REFUSED_DELAY_MS = 1000;
/** How long an idle worker blocks before it looks again by itself, in seconds: a lane has no wake-up when it changes hands. */
const DRAIN_DELAY_SECONDS = 1;
/** How long a worker waits after a failed connection before it fetches again, or looks for abandoned jobs, in milliseconds. */
const RUN_RETRY_DELAY_MS = 500;

/** What a worker needs of the adapter. */
export interface WorkerParts {
  readonly store: Store;
  readonly instanceId: string;
  readonly settings: QueueSettings;
  readonly handle: DeliveryHandler;
  readonly parking: ParkingLot;
  readonly replies: Replies;
  readonly report: (error: unknown, queue: string) => void;
  /** Another worker lost this job, or died with it. */
  stalled(queue: string, entryId: string): void;
  /** Nothing waits where this worker looks, and it was not so before. */
  drained(): void;
}

/** Settles a job as failed, or to be tried again after a time. */
class SettledError extends Error {
  constructor(
    error: WireError,
    readonly retryDelayMs: number | undefined,
  ) {
    super(error.message);
    // BullMQ knows errors that must not be tried again by this name.
    this.name = retryDelayMs === undefined ? 'UnrecoverableError' : 'Error';
    this.stack = error.stack ?? `${error.name}: ${error.message}`;
  }
}

/** One BullMQ worker: fetches jobs of one place, hands them on, and settles them. */
export class PlaceWorker {
  /** The jobs that are being handled. */
  readonly running = new Set<JobDelivery>();
  private readonly worker: StoreWorker;
  /** BullMQ handles jobs before all its connections are there, and settles them after. Never rejects. */
  private readonly ready: Promise<void>;
  /** What is to be told once the store has the end of a job. */
  private readonly ends = new WeakMap<StoreJob, () => void>();
  private readonly retention: CompletedRetention;
  private readonly whenIdle: (() => void)[] = [];
  private isStopped = false;
  private isRenewing = false;

  constructor(
    private readonly parts: WorkerParts,
    readonly place: string,
    private readonly isLane: boolean,
  ) {
    this.retention = new CompletedRetention(parts.settings.keepCompleted);
    const onError = (error: Error): void => {
      if (!isGone(error)) parts.report(error, queueOf(place));
    };
    this.worker = parts.store.worker(place, (job, token) => this.process(job, token), this.options(isLane), onError);
    this.ready = this.worker.waitUntilReady().catch(() => undefined);
    this.worker.on('stalled', (jobId) => parts.stalled(queueOf(place), entryIdOf(jobId)));
    this.worker.on('drained', () => parts.drained());
    if (!parts.store.keepsOrder) this.tellAfterAnswers();
  }

  /** Fetches nothing more. What is fetched all the same is given back. */
  stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.worker.pause(true).catch((error: unknown) => this.parts.report(error, queueOf(this.place)));
  }

  /**
   * Resolves when every job is settled and the worker's connection closed. Where the store does not answer, that is given
   * up `timeoutMs` after the last handler ended: its locks end by themselves.
   */
  async close(timeoutMs: number): Promise<void> {
    this.stop();
    const { store } = this.parts;
    // Without a server, BullMQ would wait for the end of a connection that there is not; so it is told not to.
    if (!store.isReady()) await this.idle();
    const closed = this.worker.close(!store.isReady());
    const waiting = new AbortController();
    const late = this.idle().then(() => delay(timeoutMs, undefined, { signal: waiting.signal }));
    late.catch(() => 'the worker was closed in time');
    await Promise.race([closed, late]).finally(() => waiting.abort());
  }

  /** Resolves when no handler runs. */
  private async idle(): Promise<void> {
    while (this.running.size > 0) await new Promise<void>((resolve) => this.whenIdle.push(resolve));
  }

  /** Renews the hold on every job; those it has no more are told to stop. Does nothing while the last renewal hangs. */
  async renewLocks(): Promise<void> {
    if (this.isRenewing || this.running.size === 0) return;
    this.isRenewing = true;
    const deliveries = [...this.running].filter(({ isLost }) => !isLost);
    try {
      const lost = await this.worker.extendJobLocks(
        deliveries.map(({ held }) => held.jobId),
        deliveries.map(({ held }) => held.token),
        this.parts.settings.lockMs,
      );
      for (const delivery of deliveries) {
        if (lost.includes(delivery.held.jobId) && this.running.has(delivery)) delivery.lose();
      }
    } catch (error) {
      this.parts.report(error, queueOf(this.place));
    } finally {
      this.isRenewing = false;
    }
  }

  private options(isLane: boolean): StoreWorkerOptions {
    const { settings, instanceId } = this.parts;
    return {
      name: instanceId,
      concurrency: isLane ? 1 : settings.concurrency,
      ...(settings.rateLimit !== undefined &&
        !isLane && { limiter: { max: settings.rateLimit.max, duration: settings.rateLimit.durationMs } }),
      lockDuration: settings.lockMs,
      // A look comes up to twice this time after the one before, as all workers share one turn: so a job whose hold is over is
      // freed half the time of a hold later, and handled before twice that time has passed since its worker died.
      stalledInterval: settings.lockMs / 4,
      // Attempts are counted by the adapter's caller, so that no job is failed behind its back.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      // The adapter renews by itself: BullMQ's renewal mixes up two deliveries of one job, and tells nobody of a lost one.
      skipLockRenewal: true,
      drainDelay: DRAIN_DELAY_SECONDS,
      runRetryDelay: RUN_RETRY_DELAY_MS,
      removeOnFail: keepJobs(settings.keepParked),
      settings: { backoffStrategy: (_attempts, _type, error) => retryDelayOf(error) },
    };
  }

  /** What it resolves with, or rejects with, is how BullMQ settles the job. */
  private process(job: StoreJob, token = ''): Promise<unknown> {
    const held = { job, jobId: job.id ?? '', token, place: this.place };
    // Whatever the job says of itself, and whoever made it: only a settlement ends it. These stay in this process.
    const { removeOnComplete: _completed, removeOnFail: _failed, ...opts } = job.opts;
    job.opts = { ...opts, attempts: Number.MAX_SAFE_INTEGER, backoff: { type: 'settlement' } };
    if (this.isStopped) return this.giveBack(held);
    const { lockMs } = this.parts.settings;
    const fetchedAtMs = job.processedOn ?? 0;
    if (isSurelyHeld(fetchedAtMs, lockMs)) return this.deliver(held);
    return isHeld(held, fetchedAtMs, lockMs).then(
      (isOurs) => (isOurs ? this.deliver(held) : Promise.reject(new WaitingError())),
      (error: unknown) => this.disturbed(error),
    );
  }

  private deliver(held: HeldJob): Promise<unknown> {
    const delivery = new JobDelivery(held, this.parts.store, this.parts.settings.lockMs);
    // The store delivers a job again only where it has taken it away: an older delivery of it here is lost.
    for (const older of this.running) if (older.held.jobId === held.jobId) older.lose();
    this.running.add(delivery);
    return this.parts.handle(delivery).then(
      (settlement) => {
        this.ended(delivery);
        if (delivery.isLost) throw new WaitingError();
        return this.settle(held, settlement);
      },
      (error: unknown) => {
        this.ended(delivery);
        return this.disturbed(error);
      },
    );
  }

  /**
   * The store failed, and not the handler: the job keeps its place, and is delivered again when its lock ends. As a failed
   * job it would go behind, and the next of its key come first.
   */
  private disturbed(error: unknown): never {
    this.parts.report(error, queueOf(this.place));
    throw new WaitingError();
  }

  /** Before it is settled: a store that does not answer must not keep the worker from closing. */
  private ended(delivery: JobDelivery): void {
    this.running.delete(delivery);
    if (this.running.size === 0) for (const resolve of this.whenIdle.splice(0)) resolve();
  }

  private settle(held: HeldJob, settlement: Settlement): unknown {
    const { job } = held;
    switch (settlement.action) {
      case 'complete':
        this.reply(held, { status: 'completed', result: settlement.result });
        job.opts.removeOnComplete = this.retention.next();
        return returnValueOf(settlement.result);
      case 'discard':
        this.reply(held, { status: 'failed', error: settlement.error });
        job.opts.removeOnComplete = this.retention.next();
        return discardedValueOf(settlement.error);
      case 'retry':
        job.stacktrace = [errorNote(settlement.error, job, settlement.firstFailedAt)];
        throw new SettledError(settlement.error, Math.ceil(settlement.delayMs));
      case 'giveBack':
        return this.giveBack(held, settlement.delayMs);
      case 'park': {
        const { place, error, firstFailedAt } = settlement;
        const outcome = { status: 'failed', error } as const;
        if (place === 'failed') {
          this.reply(held, outcome);
          job.stacktrace = [errorNote(error, job, firstFailedAt)];
          throw new SettledError(error, undefined);
        }
        return this.parts.parking.park(this.parts.settings, job, { place, error, firstFailedAt }).then(
          () => {
            this.reply(held, outcome);
            job.opts = { ...job.opts, removeOnComplete: true };
            return null;
          },
          (failure: unknown) => this.disturbed(failure),
        );
      }
    }
  }

  private async giveBack({ job, jobId, token }: HeldJob, delayMs = 0): Promise<never> {
    try {
      await this.parts.store.addAttempts(this.place, jobId, token, -1);
      // In a lane the next of its key would come first.
      if (delayMs > 0 && !this.isLane) await job.moveToDelayed(Date.now() + Math.ceil(delayMs), token);
      else await job.moveToWait(token);
    } catch (error) {
      // Then it is delivered again when its lock ends, and counts.
      if (!isGone(error)) this.parts.report(error, queueOf(this.place));
    }
    throw new WaitingError();
  }

  private reply({ job, jobId }: HeldJob, outcome: EntryOutcome): void {
    const { replyTo } = contentOf(job.data);
    if (replyTo === undefined) return;
    const tell = (): void => this.parts.replies.send(replyTo, { id: entryIdOf(jobId), outcome, place: this.place });
    // On one connection the reply overtakes nothing; else it waits until the store has the end.
    if (this.parts.store.keepsOrder) void this.ready.then(tell);
    else this.ends.set(job, tell);
  }

  private tellAfterAnswers(): void {
    const tell = (job: StoreJob | undefined): void => {
      if (job !== undefined) this.ends.get(job)?.();
    };
    this.worker.on('completed', (job) => tell(job));
    this.worker.on('failed', (job, error) => {
      if (error instanceof SettledError && error.retryDelayMs === undefined) tell(job);
    });
  }
}

function retryDelayOf(error: Error | undefined): number {
  return error instanceof SettledError ? (error.retryDelayMs ?? 0) : REFUSED_DELAY_MS;
}
