import { backoffMs } from '../../common/backoff.js';
import { isDispatchError } from '../../common/dispatch-error.js';
import { isTimeoutMs } from '../../common/timeout.js';
import { DEAD_LETTER, isTerminal, type Failure, type FailureAction, type FailurePolicy } from './failure.js';

/** What decides about failures that it fits, with its line for the table. */
export interface PolicyPart {
  readonly text: string;
  /** Undefined where it does not fit. */
  readonly decide: (failure: Failure) => FailureAction | undefined;
}

/** A policy that can be shown in a table. */
export interface DescribedFailurePolicy {
  (failure: Failure): FailureAction;
  readonly text: string;
}

/** Numbers of {@link defaultFailurePolicy}, as a queue has them. */
export interface DefaultFailurePolicyOptions {
  /** How many attempts there are in all, from 1. */
  readonly maxAttempts: number;
  /** The wait after the first attempt, in milliseconds; it doubles with each further one. */
  readonly backoffMs: number;
  /** The longest wait, in milliseconds, jitter apart. */
  readonly maxBackoffMs: number;
}

/** How deep errors of this package are opened. */
const MAX_DEPTH = 10;
/** Errors of this package around the error of one handler, which is their cause. */
const WRAPPERS: ReadonlySet<string> = new Set(['DISPATCH_EVENT_HANDLER_FAILED', 'DISPATCH_HANDLER_FAILED']);

/** The policy where no rule fits: back to the queue with exponential backoff, and to the dead letters after the last attempt. */
export function defaultFailurePolicy(options: DefaultFailurePolicyOptions): DescribedFailurePolicy {
  const { maxAttempts, backoffMs: baseMs, maxBackoffMs: maxMs } = options;
  const decide: FailurePolicy = ({ attempt }) => {
    if (attempt >= maxAttempts) return DEAD_LETTER;
    return { action: 'schedule', delayMs: backoffMs({ baseMs, maxMs }, attempt), jitter: 'bounded' };
  };
  const waits = `${baseMs} ms, doubled each time up to ${maxMs} ms`;
  const text = `schedule ${waits}, dead letter at attempt ${maxAttempts} (bounded jitter)`;
  return Object.freeze(Object.assign(decide, { text }));
}

/** What holds for the errors of this package that say themselves what is to be done. */
export function builtInParts(fallback: FailurePolicy): readonly PolicyPart[] {
  return [
    {
      text: 'on(RetryLaterError) schedule its delayMs, until the default gives up',
      decide: (failure) => retryLater(failure, fallback),
    },
    { text: 'on(UnrecoverableError) dead letter', decide: unrecoverable },
  ];
}

function retryLater(failure: Failure, fallback: FailurePolicy): FailureAction | undefined {
  const delays = thrownBy(failure.error).flatMap(delayOf);
  if (delays.length === 0) return undefined;
  const usual = fallback(failure);
  if (isTerminal(usual)) return usual;
  return { action: 'schedule', delayMs: Math.ceil(Math.max(...delays)), jitter: 'none' };
}

function unrecoverable({ error }: Failure): FailureAction | undefined {
  const errors = thrownBy(error);
  const isHopeless = errors.length > 0 && errors.every((one) => isDispatchError(one, 'DISPATCH_UNRECOVERABLE'));
  return isHopeless ? DEAD_LETTER : undefined;
}

/** Not by class: a second copy of this package has classes of its own. */
function delayOf(error: unknown): number[] {
  if (!isDispatchError(error, 'DISPATCH_RETRY_LATER') || !('delayMs' in error)) return [];
  const { delayMs } = error;
  return typeof delayMs === 'number' && isTimeoutMs(delayMs) ? [delayMs] : [];
}

/**
 * What handlers threw, out of what this package has wrapped around it. What users wrap stays closed: they have decided anew.
 *
 * @see https://github.com/symfony/messenger/blob/7.2/EventListener/SendFailedMessageForRetryListener.php which draws the same line
 */
function thrownBy(error: unknown, depth = 0): readonly unknown[] {
  if (depth === MAX_DEPTH || !isDispatchError(error)) return [error];
  if (WRAPPERS.has(error.code)) return thrownBy(error.cause, depth + 1);
  if (error.code !== 'DISPATCH_EVENT_HANDLING' || !('errors' in error) || !Array.isArray(error.errors)) return [error];
  return error.errors.flatMap((inner: unknown) => thrownBy(inner, depth + 1));
}
