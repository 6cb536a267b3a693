import type { KeyBlocks } from './key-blocks.port.js';
import type { JsonValue, ParkedEntries, ParkingPlace, WireError } from './parked-entries.port.js';
import type { QueueSettings } from './queue-settings.js';

export type {
  JsonValue,
  ListedEntry,
  ParkedChanges,
  ParkedEntries,
  ParkedEntry,
  ParkedPageRequest,
  ParkedSpot,
  ParkingPlace,
  WireError,
  WireErrorDetails,
} from './parked-entries.port.js';
export type { KeyBlock, KeyBlocks, KeyLine } from './key-blocks.port.js';

/**
 * What a backend can do beyond what every one must. `durable`: entries outlive the process that enqueued them. `shared`:
 * several processes work on the same queues. `full-mode`: `enqueue` may wait for room, and an entry may be dropped for
 * another one.
 */
export type QueueFeature = 'durable' | 'shared' | 'full-mode';

/** One message on its way to one handler, as a backend stores it. */
export interface QueueEntry {
  /**
   * Unique in its queue: an entry whose id the queue holds already, as waiting, running, completed or failed, is not stored
   * again. What never reached a handler, and so is parked in another place, may be sent again.
   */
  readonly id: string;
  /** The message name, for those who look into the store. */
  readonly name: string;
  readonly data: JsonValue;
  /** Entries of one key are delivered one at a time, in the order they were enqueued; see {@link QueueBackend.consume}. */
  readonly key: string | undefined;
  /** From 1, the most urgent, to 2 097 152. Equals are delivered in the order they were enqueued. Without meaning beside `key`. */
  readonly priority: number;
  /** How long the entry is kept back, in milliseconds from now; 0 for not at all. */
  readonly delayMs: number;
  /** While an entry with the same id waits or runs in the queue, this one is not stored. */
  readonly deduplicationId: string | undefined;
  /** The instance to tell how the entry ended, by {@link BackendHost.replied}; nobody where undefined. */
  readonly replyTo: string | undefined;
  /**
   * True where it takes over from an entry that is being delivered, as one of an event for each of its handlers: a limit on
   * what waits does not hold for it, or a full queue could never be emptied.
   */
  readonly isForwarded?: boolean;
}

/** What became of an entry that was to be stored. */
export type EnqueueResult =
  /** It is stored, with an acknowledgement of the store; `place` is where {@link QueueBackend.read} finds it. */
  | { readonly status: 'stored'; readonly place: string }
  /** An entry with its id or its deduplication id is there; `id` and `place` are that one's. */
  | { readonly status: 'duplicate'; readonly id: string; readonly place: string }
  /** It is not stored. */
  | { readonly status: 'refused'; readonly error: Error };

/** What a delivery ends with. */
export type Settlement =
  /** Handled. The result is kept as long as the queue keeps completed entries, and sent to `replyTo`. */
  | { readonly action: 'complete'; readonly result: JsonValue | undefined }
  /** To be delivered again, not before `delayMs` milliseconds from now; its attempt counts. */
  | {
      readonly action: 'retry';
      readonly delayMs: number;
      readonly error: WireError;
      /** When an attempt of this delivery failed first; now where left out. That of an earlier delivery comes before it. */
      readonly firstFailedAt?: Date | undefined;
    }
  /** To be delivered again, here or elsewhere, uncounted: before what waits, or, without a key, not before `delayMs` ms from now. */
  | { readonly action: 'giveBack'; readonly delayMs?: number }
  /** Dropped on purpose: `replyTo` and `read` are told of the error, and it is kept and counted as what was handled. */
  | { readonly action: 'discard'; readonly error: WireError }
  /** Kept with its error for a person to look at; `replyTo` is told of the error. */
  | {
      readonly action: 'park';
      readonly place: ParkingPlace;
      readonly error: WireError;
      /** As that of a retry. */
      readonly firstFailedAt?: Date | undefined;
    };

/** One attempt at one entry. */
export interface Delivery {
  readonly id: string;
  readonly name: string;
  /** As it was enqueued, or whatever a stranger put there: nothing about it is certain. */
  readonly data: unknown;
  readonly key: string | undefined;
  readonly place: string;
  /** The number of the entry in its queue, from 1 in the order they were taken; only where the backend numbers them. */
  readonly sequence?: number;
  readonly enqueuedAt: Date;
  /** Which attempt this is, from 1. Counted by the store before the delivery is made, so that a killed process counts. */
  readonly attempt: number;
  /** Counts one more attempt, in the store, without ending the delivery. @returns its number */
  countAttempt(): Promise<number>;
  /** Stores how far the handler is; the latest value stays with the entry. */
  progress(value: JsonValue): Promise<void>;
  /**
   * Calls the listener at most once, when the handler should stop: with a `LockLostError` where the store has taken the
   * entry away, with a `CancelledError` where somebody cancelled it. At once where that has happened already.
   */
  onAbort(listener: (reason: Error) => void): void;
}

/** How an entry stands. `unknown`: it never was, was cancelled while it waited, or is kept no longer. */
export type EntryState = 'waiting' | 'delayed' | 'active' | 'completed' | 'failed' | 'unknown';

/** How an entry ended. */
export type EntryOutcome =
  | { readonly status: 'completed'; readonly result: JsonValue | undefined }
  | { readonly status: 'failed'; readonly error: WireError };

/** What the store knows of an entry. */
export interface EntrySnapshot {
  readonly state: EntryState;
  /** How often it was delivered, 0 for not yet. */
  readonly attempt: number;
  /** What the handler last reported. */
  readonly progress: JsonValue | undefined;
  /** There in the states `completed` and `failed`. */
  readonly outcome: EntryOutcome | undefined;
}

/** What {@link QueueBackend.read} says of an entry that is not there. */
export const UNKNOWN_ENTRY: EntrySnapshot = { state: 'unknown', attempt: 0, progress: undefined, outcome: undefined };

/** What an attempt to cancel came to. `requested`: it is running, and its handler's signal aborts. */
export type CancelResult = 'cancelled' | 'requested' | 'finished' | 'unknown';

/** How many entries of a queue, over all its lanes, are in which state. */
export interface QueueCounts {
  /** Ready to be delivered. */
  readonly waiting: number;
  readonly delayed: number;
  readonly active: number;
  /** Those still kept. */
  readonly completed: number;
  /** Those in the queue; letters in a `DeadLetterStore` have left it. */
  readonly parked: Readonly<Record<ParkingPlace, number>>;
  readonly isPaused: boolean;
  /** How long the oldest entry that is ready has waited, in milliseconds; 0 where none is. */
  readonly oldestWaitingMs: number;
}

/** An entry that is made again and again. Exactly one of `every` and `cron` is given. */
export interface QueueSchedule {
  /** Unique in its queue; a schedule of the same id is replaced. */
  readonly id: string;
  /** The time from one entry to the next, in milliseconds; the first is due at once. */
  readonly every: number | undefined;
  /** A cron expression of five fields, or six with seconds first. */
  readonly cron: string | undefined;
  /** The IANA time zone that `cron` is read in, whichever process does so; undefined beside `every`. */
  readonly tz: string | undefined;
  /** What each entry is; its id is the backend's own, different each time and the same for all attempts. */
  readonly entry: Pick<QueueEntry, 'name' | 'data' | 'priority'>;
}

/** A schedule as it stands. */
export interface ScheduleState extends Omit<QueueSchedule, 'entry'> {
  readonly queue: string;
  readonly name: string;
  readonly nextAt: Date | undefined;
}

/** What happens in a backend that nobody has called for. */
export type BackendEvent =
  /**
   * Another process lost its hold on an entry, or died with it: it is delivered again. `place` is where
   * {@link QueueBackend.read} finds it; the name of the queue where left out.
   */
  | { readonly type: 'stalled'; readonly queue: string; readonly place?: string; readonly id: string }
  /**
   * An entry is gone, unhandled: it made room for another, its queue was closed and is not durable, or a schedule made it
   * for a queue without room. Its `replyTo` is told as well.
   */
  | {
      readonly type: 'dropped';
      readonly queue: string;
      readonly entry: QueueEntry;
      readonly error: Error;
      /** As {@link Delivery.sequence}. */
      readonly sequence?: number;
    }
  | { readonly type: 'paused' | 'resumed' | 'drained'; readonly queue: string }
  /** The connection, or the store behind it, fails; the backend goes on trying. `queue` where it concerns one. */
  | { readonly type: 'error'; readonly queue: string | undefined; readonly error: Error };

/** What a backend is given by the application it works for. Its methods never throw. */
export interface BackendHost {
  /** Names this application instance among all that share the store. */
  readonly instanceId: string;
  /**
   * Takes the end of an entry that was enqueued with this instance as `replyTo`. By then the end is stored: `read` gives it,
   * as long as it is kept. A repeated reply changes nothing. `place` is where {@link QueueBackend.read} finds it, which tells it from
   * entries with its id in other queues; it is left out only where a release before sends the reply that does not say it.
   */
  replied(id: string, outcome: EntryOutcome, place?: string): void;
  /** Takes what happens. */
  happened(event: BackendEvent): void;
}

/** Stops a consumer. */
export interface QueueConsumer {
  /** Takes no further entries. What is being handled goes on. Idempotent. */
  stop(): void;
  /** Stops, and resolves when every delivery is settled and what the consumer opened is closed. Idempotent. */
  close(): Promise<void>;
}

/** Handles a delivery. Never rejects. */
export type DeliveryHandler = (delivery: Delivery) => Promise<Settlement>;

/**
 * Keeps queues of entries: in memory, or in a store that processes share.
 *
 * Delivery: at least once; an entry that was acknowledged is not lost by the death of any process, where the backend is
 * `durable`. Order: by priority, then as enqueued; a retried entry goes behind, one given back goes first. Concurrency:
 * every method may be called at any time between `open` and `close`, and concurrently. Every queue a method names is made
 * where it is new.
 */
export interface QueueBackend extends ParkedEntries, KeyBlocks {
  readonly features: ReadonlySet<QueueFeature>;
  /** How many entries are best enqueued at once. 1 where it makes no difference: then the backend itself says when it is full. */
  readonly maxBatchCount: number;

  /** Connects. @throws DISPATCH_QUEUE_UNAVAILABLE where the store does not answer in the time the options allow */
  open(): Promise<void>;

  /** Makes a queue known with its settings, before anything is enqueued to it or consumed from it. Idempotent. */
  ensure(settings: QueueSettings): Promise<void>;

  /**
   * Stores entries, in this order, in as few round trips as it can. One result for each, in order: one promise for each
   * where each has a moment of its own, or one for all of them. A promise rejects where it is not known whether the entry
   * is stored.
   *
   * @throws DISPATCH_QUEUE_UNAVAILABLE where the store does not answer
   */
  enqueue(
    queue: string,
    entries: readonly QueueEntry[],
  ): readonly Promise<EnqueueResult>[] | Promise<readonly EnqueueResult[]>;

  /**
   * Delivers the entries of a queue, at most `concurrency` at once in this process and `globalConcurrency` in all.
   * Entries with a key are delivered one at a time and in order per key, over all processes: the next one of a key comes
   * when the one before is completed or parked, also where it is delivered again in between. While a handler runs, the hold on
   * its entry is renewed.
   */
  consume(settings: QueueSettings, handle: DeliveryHandler): Promise<QueueConsumer>;

  /**
   * Where {@link read} will find an entry that is not stored yet, by its key. Asked only for queues that are known. Default: the
   * name of the queue.
   */
  placeOf?(queue: string, key: string | undefined): string;

  /** Says how an entry stands. */
  read(place: string, id: string): Promise<EntrySnapshot>;

  /**
   * Removes an entry that waits, and tells its `replyTo` with a `CancelledError`; asks for the abort of one that runs, in
   * whichever process.
   */
  cancel(place: string, id: string): Promise<CancelResult>;

  /** Delivers nothing more from a queue, in any process, until `resume`. Entries are still accepted. Idempotent. */
  pause(queue: string): Promise<void>;
  resume(queue: string): Promise<void>;

  counts(queue: string): Promise<QueueCounts>;

  /** @throws DISPATCH_INVALID_SCHEDULE as `scheduleRhythm()` does, before anything is stored */
  schedule(queue: string, schedule: QueueSchedule): Promise<ScheduleState>;
  schedules(queue: string): Promise<readonly ScheduleState[]>;
  /** @returns whether there was one; entries it has made already stay */
  unschedule(queue: string, id: string): Promise<boolean>;

  /** Closes what the backend opened, once all consumers are closed; connections given by the user stay open. Idempotent. */
  close(): Promise<void>;
}

/** Makes a backend for each application that starts, so that two in one process share nothing they should not. */
export interface QueueBackendFactory {
  /** Names the backend in logs and explanations: `'memory'`, `'bullmq'`. */
  readonly name: string;
  /** @throws DISPATCH_INVALID_QUEUE_OPTIONS listing everything that is wrong with the backend's options */
  create(host: BackendHost): QueueBackend;
}
