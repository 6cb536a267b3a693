import type { IQueueBackend, Job, JobJson, Queue, Worker, WorkerOptions } from 'bullmq';

import type { EntryOutcome } from '../../index.js';

/** What is used of a BullMQ queue, whatever it stores its jobs in. */
export type StoreQueue = Pick<
  Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend>,
  | 'name'
  | 'add'
  | 'backend'
  | 'getJob'
  | 'getJobs'
  | 'getJobState'
  | 'getWaitingCount'
  | 'remove'
  | 'clean'
  | 'pause'
  | 'resume'
  | 'setGlobalConcurrency'
  | 'removeGlobalConcurrency'
  | 'upsertJobScheduler'
  | 'getJobScheduler'
  | 'getJobSchedulers'
  | 'removeJobScheduler'
  | 'close'
>;

/** What is used of a BullMQ worker, whatever it takes its jobs from. */
export interface StoreWorker extends Pick<
  Worker<unknown, unknown>,
  'extendJobLocks' | 'pause' | 'close' | 'waitUntilReady'
> {
  on(event: 'stalled', listener: (jobId: string) => void): unknown;
  on(event: 'drained', listener: () => void): unknown;
  on(event: 'completed', listener: (job: StoreJob) => void): unknown;
  on(event: 'failed', listener: (job: StoreJob | undefined, error: Error) => void): unknown;
}

/** A job of BullMQ. */
export type StoreJob = Job<unknown, unknown>;

/** What the adapter sets of a worker; the store adds its connection. */
export type StoreWorkerOptions = Omit<
  WorkerOptions,
  'connection' | 'prefix' | 'skipVersionCheck' | 'useWorkerThreads' | 'autorun'
>;

/** Handles one job; the token proves who holds it. */
export type StoreProcessor = (job: StoreJob, token?: string) => Promise<unknown>;

/** How an entry has ended. */
export interface EndedEntry {
  readonly id: string;
  readonly outcome: EntryOutcome;
  /** Where it is; left out by releases before. */
  readonly place?: string;
}

/** What one application instance tells another. */
export type InstanceMessage =
  /** An entry that it enqueued has ended. */
  | ({ readonly type: 'reply' } & EndedEntry)
  /** A job that it works on is to be cancelled. */
  | { readonly type: 'cancel'; readonly place: string; readonly jobId: string };

/** How many jobs of one BullMQ queue are in which state. */
export interface PlaceCounts {
  /** Ready to be delivered, the prioritized and those of a paused queue included. */
  readonly waiting: number;
  readonly delayed: number;
  readonly active: number;
  readonly completed: number;
  readonly failed: number;
  readonly isPaused: boolean;
  /** When the oldest job that waits became ready, in milliseconds since 1970; undefined where none waits. */
  readonly oldestReadyAt: number | undefined;
}

/** What became of a job that was to be removed before it starts. */
export type Removal = 'removed' | 'active' | 'finished' | 'unknown';

/** A job that is parked, and since when. */
export interface ParkedSpotOfJob {
  readonly parkedAtMs: number;
  readonly id: string;
}

/** What a store does to jobs that are parked: those of a failed set, and those that wait in a queue nobody consumes. */
export interface StoreParking {
  /** The newest first, and of one millisecond by falling id; only those behind a spot, at most `limit`. */
  list(
    place: string,
    state: 'failed' | 'waiting',
    limit: number,
    after: ParkedSpotOfJob | undefined,
  ): Promise<readonly ParkedSpotOfJob[]>;
  /** Removes a job atomically where it is in that state. @returns whether it was, to one of those who ask at the same time */
  remove(place: string, state: 'failed' | 'waiting', jobId: string): Promise<boolean>;
  /**
   * Replaces the data of a job that waits, a JSON text, or removes it where there is none, atomically: only where its data still
   * is that of `from`.
   *
   * @returns whether it was
   */
  swap(place: string, jobId: string, from: string, to: string | undefined): Promise<boolean>;
  /** Replaces the data of a job, a JSON text, where it is failed. @returns whether it was there */
  updateFailed(place: string, jobId: string, data: string): Promise<boolean>;
}

/**
 * What the two stores of BullMQ, Redis and Postgres, do differently. `place` is the name of a BullMQ queue; a job id is
 * as BullMQ stores it.
 *
 * Every method but `open`, `close` and the synchronous ones may be called at any time in between, and concurrently. A
 * method rejects with whatever the driver throws; `isOutage` tells whether that means that the store does not answer.
 */
export interface Store {
  /** As errors name it, without credentials: `Redis at 127.0.0.1:6379`. */
  readonly label: string;
  /** How many jobs are best added at once. */
  readonly maxBatchCount: number;
  /**
   * Whether `tell`, called right after a settlement was sent and before it is answered, is carried out after it: true
   * where one connection carries both. Where false, the adapter waits for the answer first.
   */
  readonly keepsOrder: boolean;
  readonly parked: StoreParking;

  /**
   * Connects, waiting for at most the time the options allow; with `atBoot: 'wait'` only begins to.
   *
   * @throws DISPATCH_QUEUE_UNAVAILABLE where the store does not answer in time
   */
  open(): Promise<void>;
  /** Whether commands can be sent now. Where false, `becomesReady` tells when. */
  isReady(): boolean;
  /** Resolves when commands can be sent. Never rejects, so that nobody has to wait for it. */
  becomesReady(): Promise<void>;
  /** Whether an error of a command means that the store does not answer, rather than that it refuses the command. */
  isOutage(error: unknown): boolean;

  /** Makes a BullMQ queue. It has a listener for 'error' and is closed by its user. */
  queue(place: string, onError: (error: Error) => void): StoreQueue;
  /**
   * Adds jobs to a queue in as few round trips as possible. To add a job that is there changes nothing.
   *
   * @returns for each job, in order, the id of the job that stands for it, or why it was not taken
   */
  add(queue: StoreQueue, jobs: readonly JobJson[]): Promise<readonly (string | Error)[]>;
  /**
   * Makes a BullMQ worker and starts it. It is closed by its user. A job whose data is no JSON reaches the processor
   * with its text as data.
   */
  worker(
    place: string,
    processor: StoreProcessor,
    options: StoreWorkerOptions,
    onError: (error: Error) => void,
  ): StoreWorker;

  /**
   * Adds to the number of attempts of a job that is active, atomically.
   *
   * @returns the new number; undefined where the token does not hold the job any more, and nothing was added
   */
  addAttempts(place: string, jobId: string, token: string, count: 1 | -1): Promise<number | undefined>;
  /** Removes a job atomically where it waits or is delayed: never one that is active or finished. */
  removeWaiting(place: string, jobId: string): Promise<Removal>;
  /** Counts jobs, one result for each place, in order, in as few round trips as possible. */
  counts(places: readonly string[]): Promise<readonly PlaceCounts[]>;

  /**
   * Sends messages to one instance, in one round trip, in order. At least once while it lives; they expire by
   * themselves after five minutes.
   */
  tell(instanceId: string, messages: readonly InstanceMessage[]): Promise<void>;
  /**
   * Begins to read the messages to this instance, and no others, those sent before included. Survives reconnects without
   * losing any that the store has. Idempotent: called whenever an entry with `replyTo` is enqueued, so cheap after the first.
   */
  listen(instanceId: string, received: (message: InstanceMessage) => void): void;

  /** Stops listening and closes what the store opened. Connections given by the user stay open. Idempotent. */
  close(): Promise<void>;
}

/** A job as BullMQ reads it, with data that is JSON in any case: what is none becomes a JSON text. */
export function readableJob(json: JobJson): JobJson {
  try {
    JSON.parse(json.data || '{}');
    return json;
  } catch {
    return { ...json, data: JSON.stringify(json.data) };
  }
}
