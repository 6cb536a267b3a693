import type { DeadLetterEdit, LetterChange } from './dead-letter-source.port.js';
import type { DeadLetter } from './dead-letter.js';
import type { LetterRef } from './letter-batch.js';

/** The payloads of letters that are kept outside of their queues. */
export interface LetterPayloads {
  /** The letter with its payload, or with why that cannot be shown. Never rejects. */
  shown(letter: DeadLetter): Promise<DeadLetter>;
  /**
   * Keeps the new payload of a letter where it is too large for a queue.
   *
   * @throws DISPATCH_DEAD_LETTER_NOT_REPLAYABLE, DISPATCH_CLAIM_CHECK_UNAVAILABLE, DISPATCH_CLAIM_CHECK_FULL
   */
  changed(letter: LetterRef, edit: DeadLetterEdit): Promise<LetterChange>;
  /** Forgets the new payload of a letter whose replay failed, where it is certain that no queue has it. */
  refused(change: LetterChange | undefined, error: unknown): void;
  /** Forgets the payload of a letter that is gone for good. */
  discarded(letter: LetterRef): void;
}
