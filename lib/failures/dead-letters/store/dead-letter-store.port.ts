import type { DeadLetterFacts, DeadLetterPlace } from '../dead-letter.js';
import type { LetterSpot } from '../dead-letter-source.port.js';

/** A dead letter as a store keeps it. `data` is JSON; nothing in it is the store's to understand. */
export interface KeptDeadLetter extends Omit<DeadLetterFacts, 'message'> {
  /** The name its message has in its queue. */
  readonly name: string;
  readonly key: string | undefined;
}

/** Which letters of a store are meant. */
export interface KeptLettersOf {
  readonly queue: string;
  readonly place: DeadLetterPlace;
}

/** Which part of them. */
export interface KeptLettersPage extends KeptLettersOf {
  /** At most so many, from 1. */
  readonly limit: number;
  /** Only those behind this spot; from the newest where left out. */
  readonly after?: LetterSpot | undefined;
}

/** Takes a letter that a store has dropped of itself, and why, as `'older than 60000 ms'`. */
export type DroppedLetterHandler = (letter: KeptDeadLetter, reason: string) => void;

/**
 * Keeps dead letters outside of the queue they come from.
 *
 * Order: by `lastFailedAt`, the newest first, and of one millisecond by a key of the store's own, so that a page does not move
 * when letters come and go. Durability: a letter is kept once `park` has resolved. Every method may be called concurrently,
 * from several processes where they share the store, and rejects where the store does not answer.
 */
export interface DeadLetterStore {
  /** Whether letters outlive this process, and other processes that use the same store see them. */
  readonly isShared: boolean;

  /** Connects; awaited when an application with queues starts, which fails with what this rejects with. Default: nothing to do. */
  open?(): Promise<void>;

  /**
   * Says who is told of each letter that this store drops because it keeps no more, or none that old: once, by the process that
   * drops it. Called before `open`, with what never throws. Default: nobody is told.
   */
  onDropped?(tell: DroppedLetterHandler): void;

  /** Keeps a letter; one of the same id is replaced. Idempotent. A store bounds what it keeps, and drops the oldest first. */
  park(letter: KeptDeadLetter): Promise<void>;

  /** Some letters with their spots. None where there are no more. */
  page(request: KeptLettersPage): Promise<readonly { readonly letter: KeptDeadLetter; readonly spot: LetterSpot }[]>;

  /** One letter; undefined where it is not kept. */
  get(id: string): Promise<KeptDeadLetter | undefined>;

  /**
   * Removes a letter, atomically: not one of the same id that has been parked since.
   *
   * @param lastFailedAt that of the letter that is meant
   * @returns whether it was there, to one of those who remove it at the same time
   */
  remove(id: string, lastFailedAt: Date): Promise<boolean>;

  count(letters: KeptLettersOf): Promise<number>;

  /** Closes what was opened, and waits for it; called last, when nothing is parked any more. Idempotent. */
  close?(): Promise<void>;
}
