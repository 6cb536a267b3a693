import 'reflect-metadata';

import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { errorMatcher, type ErrorKind, type ErrorOf } from './error-matcher.js';
import { InvalidFailureRuleError } from './errors.js';
import { isSteps } from './rules.js';
import type { FailureRule, FailureSteps } from './verbs.js';

const ON_ERROR = Symbol.for('nestjs-dispatch/on-error');

/** Options of {@link OnError}. */
export interface OnErrorOptions<E = never> {
  /** Only for errors of which this holds; see the predicate of {@link On}. Default: all of the kind. */
  readonly when?: (error: E) => boolean;
}

/**
 * Says what is done when a handler fails, on the class of the handler or of the message; rules of the handler come first. On a
 * class with `@Saga` methods, when one of its sagas does.
 * There may be several, of which the top one is asked first. They hold for the very class they are written on, and not for
 * classes that extend it.
 *
 * @example
 * ```ts
 * @OnError(CardDeclined, discard('the customer is told'))
 * @OnError(HttpError, retry('1s', '5s').jitter('full').thenSchedule('10m'), { when: (error) => error.status >= 500 })
 * @CommandHandler(ChargeCard)
 * class ChargeCardHandler {}
 * ```
 *
 * @throws DISPATCH_INVALID_FAILURE_RULE for errors, steps or options that are none
 */
export function OnError<const K extends ErrorKind | readonly ErrorKind[]>(
  errors: K,
  steps: FailureSteps,
  options: OnErrorOptions<ErrorOf<K>> = {},
) {
  const rule = ruleOf(errors, steps, options);
  return (target: abstract new (...args: never[]) => object): void => {
    // Decorators are applied from the one next to the class to the top one.
    Reflect.defineMetadata(ON_ERROR, [rule, ...failureRulesOf(target)], target);
  };
}

/** What `@OnError` says on this very class, in the order in which it is asked. */
export function failureRulesOf(target: object): readonly FailureRule[] {
  return (Reflect.getOwnMetadata(ON_ERROR, target) as FailureRule[] | undefined) ?? [];
}

function ruleOf(kinds: unknown, steps: unknown, options: unknown): FailureRule {
  const given: Readonly<Record<string, unknown>> | undefined = isOptionsObject(options) ? { ...options } : undefined;
  const errors = errorMatcher(kinds, given?.['when'], 'OnError');
  const refuse = (problem: string): never => {
    throw new InvalidFailureRuleError(errors.text, 'OnError', problem);
  };
  if (given === undefined) return refuse(`${describeValue(options)} is in the place of the options, as { when }`);
  const unknown = Object.keys(given).find((name) => name !== 'when');
  if (unknown !== undefined) return refuse(`the option "${unknown}" is unknown: there is when`);
  if (!isSteps(steps))
    return refuse(`${describeValue(steps)} is no list of steps: begin with retry('1s'), for instance`);
  if ('errors' in steps && steps.errors !== undefined) {
    return refuse('the steps are a rule with errors of its own: begin them with a function such as retry()');
  }
  return Object.freeze({ errors, actions: steps.actions, text: `${errors.text} ${steps.text}` });
}
