import type { DeadLetter, DeadLetterPlace } from './dead-letter.js';

/** What is changed of a message before it is replayed. */
export interface DeadLetterEdit {
  /** Headers to set; `null` takes one away. Those that are not named stay, the correlation among them. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** In place of the payload, in the form in which a letter shows it. */
  readonly payload?: unknown;
}

/** What is changed of a message before it is replayed, its payload as it will be stored. */
export interface LetterChange extends DeadLetterEdit {
  /** Where the new payload is kept that is too large for a queue; in place of `payload`. */
  readonly claim?: { readonly id: string; readonly sizeBytes: number };
}

/** A spot in a list: what follows was parked before that time, or in that millisecond with a smaller key. */
export interface LetterSpot {
  readonly parkedAtMs: number;
  /** As the list orders what was parked in the same millisecond; `''` stands behind all of that. */
  readonly key: string;
}

/** A letter with the spot it stands at. */
export interface ListedLetter {
  readonly letter: DeadLetter;
  readonly spot: LetterSpot;
}

/** Dead letters of one queue and place, the newest first. */
export interface LetterList {
  /** Unique among all lists. */
  readonly name: string;
  readonly queue: string;
  readonly place: DeadLetterPlace;
  /** At most `limit` of those after a spot; an empty answer ends the list. */
  page(limit: number, after: LetterSpot | undefined): Promise<readonly ListedLetter[]>;
  count(): Promise<number>;
}

/** Where dead letters are kept. What does not concern one of its own ids does nothing. */
export interface DeadLetterSource {
  lists(): readonly LetterList[];
  /** One letter, without a payload that is kept outside of its queue. */
  get(id: string): Promise<DeadLetter | undefined>;
  /**
   * Puts a letter back into its queue.
   *
   * @returns whether it was there
   * @throws DISPATCH_DEAD_LETTER_NOT_REPLAYABLE
   * @throws DISPATCH_DEAD_LETTER_BEHIND
   */
  replay(id: string, edit: LetterChange | undefined): Promise<boolean>;
  /**
   * Removes a letter.
   *
   * @param lastFailedAt that of the letter that is meant: one of the same id that was parked since stays
   * @returns whether it was there
   */
  remove(id: string, lastFailedAt: Date | undefined): Promise<boolean>;
}
