import { describeValue } from '../../../common/describe-value.js';
import { InvalidRateLimitOptionsError } from './errors.js';
import type { RateLimitClaim, RateLimitStore } from './rate-limit-store.port.js';

/** Options of {@link memoryRateLimits}. */
export interface MemoryRateLimitsOptions {
  /** How many keys are counted at once, from 1; the one that was not asked for the longest is forgotten first. Default 100 000. */
  readonly maxKeys?: number;
}

/** Moments, in milliseconds. What lies behind now says nothing any more. */
interface Counted {
  /** When the limit is wholly free again. */
  freeAt: number;
  /** When the next of those is to come that come again. */
  nextAt: number;
}

/** How many old keys are looked at for each call: what is free again goes faster than new ones come. */
const SWEPT_AT_ONCE = 2;

/**
 * Counts calls in the memory of this process: two processes let twice as many through. The default.
 *
 * @throws DISPATCH_INVALID_RATE_LIMIT_OPTIONS
 */
export function memoryRateLimits(options: MemoryRateLimitsOptions = {}): RateLimitStore {
  const { maxKeys = 100_000 } = options;
  if (!Number.isSafeInteger(maxKeys) || maxKeys < 1) {
    throw new InvalidRateLimitOptionsError('memoryRateLimits()', [
      `has maxKeys ${describeValue(maxKeys)}, not a whole number from 1`,
    ]);
  }
  return new MemoryRateLimits(maxKeys);
}

/** @see https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm which needs one moment for each key */
class MemoryRateLimits implements RateLimitStore {
  readonly isShared = false;
  private readonly keys = new Map<string, Counted>();

  constructor(private readonly maxKeys: number) {}

  async take({ key, max, durationMs, comesAgainWithinMs }: RateLimitClaim): Promise<number> {
    const time = performance.now();
    const counted = this.keys.get(key) ?? { freeAt: 0, nextAt: 0 };
    // Set anew, it stands behind all that were not asked for since.
    this.keys.delete(key);
    this.sweep(time);
    this.keys.set(key, counted);
    const stepMs = durationMs / max;
    const freeAt = Math.max(counted.freeAt, time) + stepMs;
    const tooEarlyMs = freeAt - durationMs - time;
    // A rest of rounding is not worth a wait.
    if (tooEarlyMs < 0.001) {
      counted.freeAt = freeAt;
      return 0;
    }
    if (comesAgainWithinMs <= 0) return Math.ceil(tooEarlyMs);
    const nextAt = Math.max(counted.nextAt, time + tooEarlyMs);
    if (nextAt - time <= comesAgainWithinMs) counted.nextAt = nextAt + stepMs;
    return Math.ceil(nextAt - time);
  }

  private sweep(time: number): void {
    let looked = 0;
    for (const [key, { freeAt, nextAt }] of this.keys) {
      const isFull = this.keys.size >= this.maxKeys;
      if (looked >= SWEPT_AT_ONCE && !isFull) return;
      looked += 1;
      if (isFull || (freeAt <= time && nextAt <= time)) this.keys.delete(key);
    }
  }
}
