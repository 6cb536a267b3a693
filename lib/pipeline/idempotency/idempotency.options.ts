import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { MAX_TIMEOUT_MS } from '../../common/timeout.js';
import type { OptionChecks } from '../../handlers/checked-options.js';
import { checkOptions } from '../../handlers/checked-options.js';
import type { WiringMistake } from '../../handlers/errors.js';
import type { IdempotencyStore } from './idempotency-store.port.js';
import { memoryIdempotency } from './memory-idempotency-store.js';

/** How long locks and results of idempotent calls live. */
export interface IdempotencyTimes {
  /** How long a result is given to duplicates, in milliseconds from the end of the call. Default 86 400 000, a day. */
  readonly ttlMs: number;
  /**
   * How long the lock of a running call outlives its process, in milliseconds from when it was last renewed, which happens
   * every third of it; from 10. A failure is told to those who wait as long. Default 30 000.
   */
  readonly lockMs: number;
  /** How long a duplicate waits for the one that runs, in milliseconds from when it comes; 0 does not wait. Default 30 000. */
  readonly waitMs: number;
}

/** The option `idempotency` of `DispatchModule.forRoot()`. */
export interface IdempotencyOptions extends Partial<IdempotencyTimes> {
  /** Default `memoryIdempotency()`, which knows this process only. */
  readonly store?: IdempotencyStore;
}

/** The same, complete. */
export interface ResolvedIdempotency {
  readonly store: IdempotencyStore;
  readonly times: IdempotencyTimes;
}

/** What each of the times may be. */
export const TIME_CHECKS: OptionChecks<IdempotencyTimes> = {
  ttlMs: (value) => rangeProblem(value, 1, Number.MAX_SAFE_INTEGER),
  lockMs: (value) => rangeProblem(value, 10, MAX_TIMEOUT_MS),
  waitMs: (value) => rangeProblem(value, 0, MAX_TIMEOUT_MS),
};

const METHODS = ['claim', 'renew', 'complete', 'release'] as const satisfies readonly (keyof IdempotencyStore)[];
const CHECKS: OptionChecks<IdempotencyOptions> = { ...TIME_CHECKS, store: storeProblem };
const DEFAULTS: IdempotencyTimes = { ttlMs: 86_400_000, lockMs: 30_000, waitMs: 30_000 };

/** Fills the defaults in and adds what is wrong to the mistakes; of what is wrong nothing is used. */
export function resolveIdempotency(
  given: IdempotencyOptions = {},
  mistakes: WiringMistake[] = [],
): ResolvedIdempotency {
  const owner = { label: 'The option "idempotency" of DispatchModule' };
  const { options, mistakes: wrong } = checkOptions<IdempotencyOptions>(owner, given, CHECKS);
  mistakes.push(...wrong);
  return { store: options.store ?? memoryIdempotency(), times: resolveTimes(options, DEFAULTS) };
}

/** The times, each from where it is said first. */
export function resolveTimes(own: Partial<IdempotencyTimes>, defaults: IdempotencyTimes): IdempotencyTimes {
  return Object.freeze({
    ttlMs: own.ttlMs ?? defaults.ttlMs,
    lockMs: own.lockMs ?? defaults.lockMs,
    waitMs: own.waitMs ?? defaults.waitMs,
  });
}

function rangeProblem(value: unknown, min: number, max: number): string | undefined {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max
    ? undefined
    : `which is ${describeValue(value)}, not a whole number of milliseconds from ${min} to ${max}`;
}

function storeProblem(value: unknown): string | undefined {
  const missing = METHODS.filter((name) => !isOptionsObject(value) || typeof Reflect.get(value, name) !== 'function');
  return missing.length === 0 ? undefined : `which is ${describeValue(value)} without the method ${missing[0]}()`;
}
