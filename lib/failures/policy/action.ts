import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { isPromiseLike } from '../../common/promises.js';
import { isTimeoutMs } from '../../common/timeout.js';
import { RunMode } from '../../message/run-mode.js';
import type { Failure, FailureAction, Jitter } from './failure.js';

/** What a run mode does about a failure; `rethrow` is what there is to do where no queue can take the message back. */
export type RunModeAction = FailureAction | { readonly action: 'rethrow' };

const PLACE = /^[\w.-]{1,100}$/;
const JITTERS: readonly unknown[] = ['none', 'full', 'bounded'] satisfies Jitter[];

/**
 * What is left of an action in a run mode. Behind a queue everything; in the caller's turn:
 *
 * | action | command, query | event |
 * |---|---|---|
 * | `retry` | another attempt, the caller waits | another attempt |
 * | `schedule`, `requeue` | rethrow: no queue takes it back | rethrow |
 * | `discard` | rethrow: the caller waits for an answer | dropped, with a line in the debug log |
 * | `deadLetter` | rethrow: the caller has the message | rethrow |
 * | `pauseQueueMs` | nothing | nothing |
 *
 * To rethrow means that the caller gets the error; that of an event handler is reported, as no caller waits for it.
 */
export function actionIn(
  { runMode, messageKind }: Pick<Failure, 'runMode' | 'messageKind'>,
  action: FailureAction,
): RunModeAction {
  if (runMode === RunMode.Async) return action;
  switch (action.action) {
    case 'retry':
      return { action: 'retry', delayMs: action.delayMs, jitter: action.jitter };
    case 'discard':
      return messageKind === 'event' ? { action: 'discard', reason: action.reason } : { action: 'rethrow' };
    case 'schedule':
    case 'requeue':
    case 'deadLetter':
      return { action: 'rethrow' };
  }
}

/** Why a value is no {@link FailureAction}, as the end of "answered with …"; undefined where it is one. */
export function actionProblem(value: unknown): string | undefined {
  if (isPromiseLike(value)) return 'a promise: it must answer at once';
  if (!isOptionsObject(value)) return `${describeValue(value)}, which is no action`;
  const { action, delayMs, jitter, reason, place, pauseQueueMs }: Readonly<Record<string, unknown>> = { ...value };
  if (pauseQueueMs !== undefined && !isMs(pauseQueueMs)) return wrong('pauseQueueMs', pauseQueueMs);
  switch (action) {
    case 'retry':
    case 'schedule':
      if (!isMs(delayMs)) return wrong('delayMs', delayMs);
      return JITTERS.includes(jitter) ? undefined : wrong('jitter', jitter);
    case 'requeue':
      return undefined;
    case 'discard':
      return isReason(reason) ? undefined : wrong('reason', reason);
    case 'deadLetter':
      return isPlace(place) ? undefined : wrong('place', place);
    default:
      return wrong('action', action);
  }
}

/** Whether a value names a place for dead letters, or means the usual one. Stores make names of their own of it. */
export function isPlace(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && PLACE.test(value));
}

/** Whether a value says why a message may be lost. */
export function isReason(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function wrong(name: string, given: unknown): string {
  return `an action whose ${name} is ${describeValue(given)}`;
}

function isMs(value: unknown): boolean {
  return typeof value === 'number' && isTimeoutMs(value);
}
