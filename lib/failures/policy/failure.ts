import type { MessageKind } from '../../message/message.js';
import type { RunMode } from '../../message/run-mode.js';

/** What went wrong, as a policy sees it. */
export interface Failure {
  /** What the handler threw; anything can be thrown. */
  readonly error: unknown;
  /**
   * How many attempts were made, this one included, from 1. Kept with the message, so it goes on in other processes. For the
   * command of a saga, which has had all its attempts, `Number.MAX_SAFE_INTEGER`.
   */
  readonly attempt: number;
  readonly runMode: RunMode;
  /** The wire name; of a command that a saga sent, the name of its class. */
  readonly messageName: string;
  readonly messageKind: MessageKind;
  /** The class name of the handler; of a saga class and method, as `OrderSaga.ship`. */
  readonly handlerName: string;
  /** The queue the message came through; undefined in the caller's turn. */
  readonly queue: string | undefined;
}

/**
 * By how much a wait is lengthened at random, so that what failed together does not return together: not at all, by less
 * than the whole of it again (`'full'`), or by less than a quarter (`'bounded'`). A wait is never shortened.
 */
export type Jitter = 'none' | 'full' | 'bounded';

/**
 * What is done about a failure. Delays are milliseconds from the failure, from 0 to 2 147 483 647, before jitter.
 *
 * - `retry`: another attempt by the same worker, which keeps the message meanwhile; in the caller's turn, while the caller waits.
 * - `schedule`: back to the queue, and not handed out before the delay has passed.
 * - `requeue`: back to the queue, behind what waits there.
 * - `discard`: dropped for good, for a reason that a person can read.
 * - `deadLetter`: parked until a person or a rule replays it, in a place of that name or in the usual one.
 *
 * With `pauseQueueMs` the queue also hands nothing out for that long, counted from the failure. Omitted means no pause.
 */
export type FailureAction = (
  | { readonly action: 'retry'; readonly delayMs: number; readonly jitter: Jitter }
  | { readonly action: 'schedule'; readonly delayMs: number; readonly jitter: Jitter }
  | { readonly action: 'requeue' }
  | { readonly action: 'discard'; readonly reason: string }
  | { readonly action: 'deadLetter'; readonly place: string | undefined }
) & { readonly pauseQueueMs?: number };

/** Decides about failures. Pure: the same failure, the same action. */
export type FailurePolicy = (failure: Failure) => FailureAction;

/**
 * A policy of the user's own. It answers at once, not with a promise; `next()` tells what the rules below it would do, and
 * may be called any number of times. One that throws, or answers with no action, is reported and counts as `next()`.
 *
 * @example
 * ```ts
 * const policy: FailurePolicyFunction = ({ error, attempt }, next) =>
 *   error instanceof Zombie && attempt > 1 ? { action: 'deadLetter', place: 'zombies' } : next();
 * ```
 */
export type FailurePolicyFunction = (failure: Failure, next: () => FailureAction) => FailureAction;

/** What is done where nothing else is said. */
export const DEAD_LETTER: FailureAction = Object.freeze({ action: 'deadLetter', place: undefined });

/** Whether nothing further is tried after an action. */
export function isTerminal({ action }: FailureAction): boolean {
  return action === 'discard' || action === 'deadLetter';
}
