import { delay } from '../../common/promises.js';
import type { DeadLetter, DeadLetterClaim } from './dead-letter.js';
import { DeadLetterGoneError } from './errors.js';

/** How many errors a report names. */
const MAX_ERRORS = 100;

/** Why one letter stayed where it was, or was not there. */
export interface DeadLetterFailure {
  readonly id: string;
  readonly error: unknown;
}

/** What is kept of a letter while others are at their turn. */
export type LetterRef = Pick<DeadLetter, 'id' | 'queue' | 'place'> & {
  readonly messageName: string | undefined;
  readonly messageId: string | undefined;
  /** When the letter was parked that is meant; undefined where it is not there. */
  readonly lastFailedAt: Date | undefined;
  readonly claim: DeadLetterClaim | undefined;
  readonly key: string | undefined;
  /** Whether it was parked behind another one of its key. */
  readonly isBehind: boolean;
};

/** What became of several letters. */
export interface BatchReport {
  readonly done: number;
  readonly failed: number;
  /** Those that an earlier one of the batch brings along. */
  readonly following: number;
  /** The first hundred. */
  readonly errors: readonly DeadLetterFailure[];
  readonly isStopped: boolean;
}

/** How letters are worked off. */
export interface BatchOptions {
  readonly ratePerSecond: number;
  /** Ends it between two letters. */
  readonly signal: AbortSignal;
  /** @returns whether the letter was there; `'follows'` where an earlier one brings it along */
  readonly act: (letter: LetterRef) => Promise<boolean | 'follows'>;
}

/** What is kept of a letter. */
export function letterRef({ id, queue, place, message, error, lastFailedAt }: DeadLetter): LetterRef {
  const isBehind = error.code === 'DISPATCH_PARKED_BEHIND';
  const { name: messageName, id: messageId, key, claim } = message ?? {};
  return { id, queue, place, messageName, messageId, lastFailedAt, key, isBehind, claim };
}

/** Does something to letters, one after the other in their order, and counts what becomes of it. One that fails keeps no other back. */
export async function workOff(letters: readonly LetterRef[], options: BatchOptions): Promise<BatchReport> {
  const { ratePerSecond, signal, act } = options;
  const startedAtMs = performance.now();
  const errors: DeadLetterFailure[] = [];
  let done = 0;
  let failed = 0;
  let following = 0;
  for (const [index, letter] of letters.entries()) {
    const dueInMs = startedAtMs + (index * 1000) / ratePerSecond - performance.now();
    if (dueInMs > 0) await delay(dueInMs, signal);
    if (signal.aborted) return { done, failed, following, errors, isStopped: true };
    try {
      const outcome = await act(letter);
      if (outcome === false) throw new DeadLetterGoneError(letter.id);
      if (outcome === 'follows') following += 1;
      else done += 1;
    } catch (error) {
      failed += 1;
      if (errors.length < MAX_ERRORS) errors.push({ id: letter.id, error });
    }
  }
  return { done, failed, following, errors, isStopped: false };
}
