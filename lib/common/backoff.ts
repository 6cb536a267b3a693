/** How long to wait before an attempt is repeated. */
export interface Backoff {
  /** The wait after the first attempt, in milliseconds; it doubles with each further one. */
  readonly baseMs: number;
  /** The longest wait, in milliseconds, jitter apart. */
  readonly maxMs: number;
}

/** By how much jitter lengthens a wait at most, as a part of it. */
const JITTER = 0.5;
/** Far beyond every longest wait; more of them come to infinity, of which nothing times it is no number. */
const MAX_DOUBLINGS = 52;

/**
 * The wait after an attempt has failed, in whole milliseconds: exponential, lengthened by a random part of up to half of
 * it, so that what failed together does not return together. Jitter never shortens: `baseMs` is a promise to the handler.
 *
 * @param attempt the attempt that failed, from 1
 * @param random gives a number from 0 to 1
 * @see https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 */
export function backoffMs({ baseMs, maxMs }: Backoff, attempt: number, random: () => number = Math.random): number {
  const waitMs = Math.min(baseMs * 2 ** Math.min(attempt - 1, MAX_DOUBLINGS), maxMs);
  return Math.round(waitMs * (1 + JITTER * random()));
}
