import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { isTimeoutMs, MAX_TIMEOUT_MS } from '../../common/timeout.js';
import type { DeadLetterStore } from './store/dead-letter-store.port.js';

/** The option `deadLetters` of `DispatchModule.forRoot()`. */
export interface DeadLettersOptions {
  /**
   * How many dead letters a queue may hold, over all its places, before a `DeadLettersAlertNotification` and a warning in the
   * log, once until there are no more than so many again. From 0; `Infinity` for never. Default 100.
   */
  readonly alertAbove?: number;
  /** How often that is looked at in processes that work on the queue, in milliseconds from the start; 0 for never. Default 30 000. */
  readonly checkEveryMs?: number;
  /**
   * Keeps dead letters outside of the queues, as `inMemoryDeadLetters()` and `postgresDeadLetters()` of `nestjs-dispatch/postgres`
   * do. Default: each queue keeps its own. What a store does not take stays in its queue unacknowledged, and is tried again.
   */
  readonly store?: DeadLetterStore;
}

/** The same, complete. */
export interface ResolvedDeadLetters {
  readonly alertAbove: number;
  readonly checkEveryMs: number;
  readonly store: DeadLetterStore | undefined;
}

const DEFAULTS: ResolvedDeadLetters = Object.freeze({ alertAbove: 100, checkEveryMs: 30_000, store: undefined });
const METHODS: readonly (keyof DeadLetterStore)[] = ['park', 'page', 'get', 'remove', 'count'];

/** Fills the defaults in; what is wrong is told, and counts as not given. */
export function resolveDeadLetters(given: unknown, add: (problem: string) => void): ResolvedDeadLetters {
  if (given === undefined) return DEFAULTS;
  if (!isOptionsObject(given)) {
    add(`is ${describeValue(given)}, not an object`);
    return DEFAULTS;
  }
  const resolved: { -readonly [Name in keyof ResolvedDeadLetters]: ResolvedDeadLetters[Name] } = { ...DEFAULTS };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (name === 'alertAbove') {
      if (typeof value === 'number' && value >= 0) resolved.alertAbove = value;
      else add(`has alertAbove ${describeValue(value)}, not a number from 0`);
    } else if (name === 'checkEveryMs') {
      if (isTimeoutMs(value)) resolved.checkEveryMs = value;
      else add(`has checkEveryMs ${describeValue(value)}, not a number of milliseconds from 0 to ${MAX_TIMEOUT_MS}`);
    } else if (name === 'store') {
      const missing = METHODS.find((method) => typeof Reflect.get(Object(value), method) !== 'function');
      // It has every method of the port.
      if (missing === undefined) resolved.store = value as DeadLetterStore;
      else add(`has a store without the method ${missing}(), ${describeValue(value)}`);
    } else {
      add(`has the unknown name "${name}": there are ${Object.keys(DEFAULTS).join(', ')}`);
    }
  }
  return Object.freeze(resolved);
}
