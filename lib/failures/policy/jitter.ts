import { MAX_TIMEOUT_MS } from '../../common/timeout.js';
import type { Jitter } from './failure.js';

/** By how much a delay is lengthened at most, as a part of it. */
const PARTS: Readonly<Record<Jitter, number>> = { none: 0, full: 1, bounded: 0.25 };

/**
 * A delay with its jitter, in whole milliseconds: with `'full'` from d to less than 2 d, with `'bounded'` from d to less than
 * 1.25 d, never less than d, which is a promise to the handler. A delay that a timer can keep, up to 2 147 483 647, stays one.
 *
 * @param random gives a number from 0 to less than 1
 * @see https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 */
export function jittered(delayMs: number, jitter: Jitter, random: () => number = Math.random): number {
  const longerMs = Math.ceil(delayMs) + Math.floor(delayMs * PARTS[jitter] * random());
  return Math.min(longerMs, Math.max(Math.ceil(delayMs), MAX_TIMEOUT_MS));
}
