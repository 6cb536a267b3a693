import type { Duration } from '../../common/duration.js';
import type { ErrorMatcher } from './error-matcher.js';
import type { FailureAction, Jitter } from './failure.js';

/**
 * What is done about a failure, attempt by attempt. Immutable: every verb gives new steps and leaves the old ones as they
 * are, so that a beginning can be shared.
 */
export interface FailureSteps {
  /** What is done when the first attempt has failed, when the second has, and so on; where they end, the last terminal one or dead letter. */
  readonly actions: readonly FailureAction[];
  /** The same as a sentence, for a table. */
  readonly text: string;
}

/** Steps, and the errors they are for. Immutable as well. */
export interface FailureRule extends FailureSteps {
  readonly errors: ErrorMatcher;
}

/**
 * The verbs that steps consist of. Each delay, and each time of a requeue, is what one attempt that fails leads to; attempts
 * are those of the message, whatever failed in the earlier ones. Steps that end without `discard` or `deadLetter` end in
 * dead letters.
 *
 * Delays are texts such as `'250ms'`, `'5s'` or `'10m'`, from the failure, of 24 days at most; `'0ms'` means at once.
 *
 * @throws DISPATCH_INVALID_FAILURE_RULE from each verb, where its value cannot be read or it comes after the end
 */
export interface StepVerbs<T> {
  /** Tries again after each of the delays in turn, by the same worker, which keeps the message meanwhile. */
  retry(...delays: readonly [Duration, ...Duration[]]): OpenSteps<T>;
  /** Puts the message back in its queue, to be handed out after the delay: the worker is free meanwhile. */
  schedule(...delays: readonly [Duration, ...Duration[]]): OpenSteps<T>;
  /** Puts the message behind what waits in its queue, so many times. From 1 to 1000, default 1. */
  requeue(times?: number): OpenSteps<T>;
  /** Drops the message for good. The reason is for people, and must not be empty. */
  discard(reason: string): ClosedSteps<T>;
  /** Parks the message, in a place of that name (letters, digits, dots, dashes and underscores) or in the usual one. */
  deadLetter(place?: string): ClosedSteps<T>;
}

/** The same verbs for further steps, as a sentence has them. */
export interface ThenVerbs<T> {
  /** As `retry`, once the steps before it are used up. */
  thenRetry(...delays: readonly [Duration, ...Duration[]]): OpenSteps<T>;
  /** As `schedule`, once the steps before it are used up. */
  thenSchedule(...delays: readonly [Duration, ...Duration[]]): OpenSteps<T>;
  /** As `requeue`, once the steps before it are used up. */
  thenRequeue(times?: number): OpenSteps<T>;
  /** As `discard`, once the steps before it are used up. */
  thenDiscard(reason: string): ClosedSteps<T>;
  /** As `deadLetter`, once the steps before it are used up; what steps end with anyway, where no other end is given. */
  thenDeadLetter(place?: string): ClosedSteps<T>;
}

/** Steps that can go on. */
export type OpenSteps<T> = T &
  StepVerbs<T> &
  ThenVerbs<T> & {
    /** With every action of the verb before it, the queue also hands nothing out for this long. More than none, and once a verb. */
    pauseQueue(duration: Duration): OpenSteps<T>;
    /** Lengthens every delay of these steps at random, those of later verbs too; see {@link Jitter}. Once. Without it, no jitter. */
    jitter(kind: Exclude<Jitter, 'none'>): OpenSteps<T>;
  };

/** Steps that have come to their end. */
export type ClosedSteps<T> = T & {
  /** The same as of {@link OpenSteps}: with the action that ends the message, the queue pauses. */
  pauseQueue(duration: Duration): ClosedSteps<T>;
  /** The same as of {@link OpenSteps}: it holds for the delays before. */
  jitter(kind: Exclude<Jitter, 'none'>): ClosedSteps<T>;
};
