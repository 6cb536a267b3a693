import type { Duration } from '../../common/duration.js';
import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { anyError, errorMatcher, type ErrorKind, type ErrorOf } from './error-matcher.js';
import { InvalidFailureRuleError } from './errors.js';
import { DEAD_LETTER, isTerminal, type FailureAction } from './failure.js';
import { VerbChain } from './verb-chain.js';
import type { ClosedSteps, FailureRule, FailureSteps, OpenSteps, StepVerbs } from './verbs.js';

/** Begins a failure rule: `on(SqlBusy)`. */
export interface On {
  /**
   * For errors of a class (of its subclasses too), of one of several classes, or of a class of that name, where the predicate
   * holds as well. An error is of a class by `instanceof` or by the name of the class, since it may come from another process
   * or a second copy of its package: two classes of one name are one here. The predicate answers at once; one that throws
   * does not hold, and its error is reported.
   *
   * @throws DISPATCH_INVALID_FAILURE_RULE for what is neither a class nor a name, or a predicate that is no function
   */
  <const K extends ErrorKind | readonly ErrorKind[]>(
    errors: K,
    predicate?: (error: ErrorOf<K>) => boolean,
  ): StepVerbs<FailureRule>;
  /** For everything that can be thrown, errors or not, or of it what the predicate holds for. */
  any(predicate?: (error: unknown) => boolean): StepVerbs<FailureRule>;
}

/**
 * Writes failure rules down, the one that is asked first on top.
 *
 * @example
 * ```ts
 * const failures: DefineFailures = (on) => [
 *   on(SqlBusy).retry('50ms', '100ms', '250ms').jitter('full').thenDeadLetter(),
 *   on(HttpError, (error) => error.status === 422).discard('invalid for ever'),
 *   on(UpstreamDown).requeue().pauseQueue('10m'),
 * ];
 * ```
 */
export type DefineFailures = (on: On) => readonly FailureRule[];

const on: On = Object.assign(
  (errors: unknown, predicate?: unknown) => new VerbChain(errorMatcher(errors, predicate, 'on')),
  { any: (predicate?: unknown) => new VerbChain(anyError(predicate)) },
);

/**
 * The rules that a function writes down.
 *
 * @throws DISPATCH_INVALID_FAILURE_RULE where it gives no list of rules, or one of them has no steps
 */
export function failureRulesFrom(define: DefineFailures): readonly FailureRule[] {
  const rules: unknown = typeof define === 'function' ? define(on) : undefined;
  if (!Array.isArray(rules)) {
    throw new InvalidFailureRuleError('(on) => [...]', 'failures', 'it must be a function that gives a list of rules');
  }
  return Object.freeze(rules.map(checkedRule));
}

/** Steps for `@OnError` that begin with a retry; see {@link StepVerbs}. */
export function retry(...delays: readonly [Duration, ...Duration[]]): OpenSteps<FailureSteps> {
  return new VerbChain(undefined).retry(...delays);
}

/** Steps for `@OnError` that begin with a schedule; see {@link StepVerbs}. */
export function schedule(...delays: readonly [Duration, ...Duration[]]): OpenSteps<FailureSteps> {
  return new VerbChain(undefined).schedule(...delays);
}

/** Steps for `@OnError` that begin with a requeue; see {@link StepVerbs}. */
export function requeue(times?: number): OpenSteps<FailureSteps> {
  return new VerbChain(undefined).requeue(times);
}

/** The step of `@OnError` that drops the message; see {@link StepVerbs}. */
export function discard(reason: string): ClosedSteps<FailureSteps> {
  return new VerbChain(undefined).discard(reason);
}

/** The step of `@OnError` that parks the message; see {@link StepVerbs}. */
export function deadLetter(place?: string): ClosedSteps<FailureSteps> {
  return new VerbChain(undefined).deadLetter(place);
}

/** Whether a value is steps with at least one in it, by what it has: another copy of the package may have made it. */
export function isSteps(value: unknown): value is FailureSteps {
  return isOptionsObject(value) && 'actions' in value && Array.isArray(value.actions) && value.actions.length > 0;
}

/** What steps lead to when an attempt has failed. */
export function actionAt({ actions }: FailureSteps, attempt: number): FailureAction {
  const last = actions.at(-1);
  const end = last !== undefined && isTerminal(last) ? last : DEAD_LETTER;
  return actions[attempt - 1] ?? end;
}

function checkedRule(rule: unknown): FailureRule {
  const errors = isOptionsObject(rule) && 'errors' in rule ? rule.errors : undefined;
  if (!isOptionsObject(errors)) {
    const problem = `${describeValue(rule)} is in the list, and is no rule: begin it with on(...)`;
    throw new InvalidFailureRuleError('(on) => [...]', 'failures', problem);
  }
  // It has what only a rule has, and a rule is whole from its first step on.
  if (isSteps(rule)) return rule as FailureRule;
  const text = 'text' in errors ? String(errors.text) : 'on';
  throw new InvalidFailureRuleError(text, 'on', 'it has no step: say what is done, as in on(...).deadLetter()');
}
