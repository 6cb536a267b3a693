import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { isTimeoutMs, MAX_TIMEOUT_MS } from '../../common/timeout.js';

/** The option `deadLetters` of `DispatchModule.forRoot()`. */
export interface DeadLettersOptions {
  /**
   * How many dead letters a queue may hold, over all its places, before a `DeadLettersAlertNotification` and a warning in the
   * log, once until there are no more than so many again. From 0; `Infinity` for never. Default 100.
   */
  readonly alertAbove?: number;
  /** How often that is looked at in processes that work on the queue, in milliseconds from the start; 0 for never. Default 30 000. */
  readonly checkEveryMs?: number;
}

/** The same, complete. */
export type ResolvedDeadLetters = Required<DeadLettersOptions>;

const DEFAULTS: ResolvedDeadLetters = Object.freeze({ alertAbove: 100, checkEveryMs: 30_000 });

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
    } else {
      add(`has the unknown name "${name}": there are ${Object.keys(DEFAULTS).join(', ')}`);
    }
  }
  return Object.freeze(resolved);
}
