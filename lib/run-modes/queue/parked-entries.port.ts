/** What JSON can hold. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** An error as it travels between processes: what a caller elsewhere can make an error of. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly stack: string | undefined;
  readonly details?: WireErrorDetails;
  /** Of a parked one: the dead letters it belongs to, where a failure policy has named them. */
  readonly deadLetters?: string;
  /** Of a parked one: the key of the handler that gave up on it. */
  readonly handler?: string;
}

/** What an error says to whoever answers for it, beyond its text. Small: stores keep it beside the text. */
export interface WireErrorDetails {
  /** Of an `InvalidMessageError`. */
  readonly violations?: readonly { readonly path: string; readonly message: string }[];
  /** Of an `HttpException` of Nest: its status and its body. */
  readonly http?: { readonly status: number; readonly response: JsonValue };
}

/** Where an entry goes that is not to be tried again. `failed` takes what a handler gave up on; the others what never reached one. */
export type ParkingPlace = 'failed' | 'unreadable' | 'unhandled' | 'invalid';

/** All of them. */
export const PARKING_PLACES: readonly ParkingPlace[] = ['failed', 'unreadable', 'unhandled', 'invalid'];

/** An entry that was parked. */
export interface ParkedEntry {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly place: ParkingPlace;
  readonly error: WireError;
  /** How many attempts were made since it was enqueued, or last replayed. */
  readonly attempt: number;
  readonly parkedAt: Date;
  /** When the first of these attempts failed; that of being parked where it never reached a handler. */
  readonly firstFailedAt: Date;
  readonly key: string | undefined;
}

/** A spot in the order in which parked entries are listed: by time, then by id, both falling. */
export interface ParkedSpot {
  /** In milliseconds since 1970. */
  readonly parkedAtMs: number;
  /** As the backend orders what was parked in the same millisecond; `''` stands behind all of that. */
  readonly id: string;
}

/** A parked entry with the spot it stands at. */
export interface ListedEntry extends ParkedEntry {
  readonly spot: ParkedSpot;
}

/** Which of the entries parked in a place are asked for. */
export interface ParkedPageRequest {
  /** At most so many, from 1. */
  readonly limit: number;
  /** Only what comes after this spot; from the newest where left out. */
  readonly after?: ParkedSpot | undefined;
}

/** What is changed of an entry that is replayed. */
export interface ParkedChanges {
  /** In place of its data. */
  readonly data?: JsonValue | undefined;
}

/**
 * What is parked in queues. Order: by the time of parking, then by id, both falling, so a page does not move when entries
 * are parked or taken away. Atomicity: of those who remove or replay one entry at the same time, one is told `true`.
 */
export interface ParkedEntries {
  /** The entries parked in a place, the newest first, at most `limit`. */
  parked(queue: string, place: ParkingPlace, limit: number): Promise<readonly ParkedEntry[]>;

  /** Some of them. None where there are no more. */
  parkedPage(queue: string, place: ParkingPlace, request: ParkedPageRequest): Promise<readonly ListedEntry[]>;

  /** One of them; undefined where it is not there. */
  readParked(queue: string, place: ParkingPlace, id: string): Promise<ParkedEntry | undefined>;

  /** Removes one of them for good: `read` knows it no more. @returns whether it was there */
  removeParked(queue: string, place: ParkingPlace, id: string): Promise<boolean>;

  /**
   * Puts one of them back into its queue, under its id and with its key, behind what waits there; its attempts are counted
   * from 1 again, and nobody is told of its end. A limit on what waits does not hold for it. A process killed meanwhile loses nothing: at worst
   * the entry is both parked and in its queue. One that never reached a handler, and that somebody removes at the same
   * moment, may be handed out all the same.
   *
   * @throws DISPATCH_PARKED_ENTRY_BUSY where the queue holds an entry of its id
   * @returns whether it was there
   */
  replayParked(queue: string, place: ParkingPlace, id: string, changes?: ParkedChanges): Promise<boolean>;
}
