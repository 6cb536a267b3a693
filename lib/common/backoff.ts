/** How long to wait before an attempt is repeated. */
export interface Backoff {
  /** The wait after the first attempt, in milliseconds; it doubles with each further one. */
  readonly baseMs: number;
  /** The longest wait, in milliseconds, jitter apart. */
  readonly maxMs: number;
}

/** Far beyond every longest wait; more of them come to infinity, of which nothing times it is no number. */
const MAX_DOUBLINGS = 52;

/**
 * The wait after an attempt has failed, in milliseconds: exponential, and without jitter, which whoever waits adds.
 *
 * @param attempt the attempt that failed, from 1
 */
export function backoffMs({ baseMs, maxMs }: Backoff, attempt: number): number {
  return Math.min(baseMs * 2 ** Math.min(attempt - 1, MAX_DOUBLINGS), maxMs);
}
