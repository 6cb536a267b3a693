import { isPromiseLike } from '../../common/promises.js';
import { actionProblem } from './action.js';
import { builtInParts, type PolicyPart } from './built-in.js';
import { FailurePolicyError } from './errors.js';
import {
  DEAD_LETTER,
  type Failure,
  type FailureAction,
  type FailurePolicy,
  type FailurePolicyFunction,
} from './failure.js';
import { actionAt } from './rules.js';
import type { FailureRule } from './verbs.js';

/** What decides about the failures of one handler at one message. */
export interface FailurePolicyParts {
  /** The user's own function. */
  readonly policy?: FailurePolicyFunction | undefined;
  /** Of `@OnError` on the handler. */
  readonly handlerRules: readonly FailureRule[];
  /** Of `@OnError` on the message. */
  readonly messageRules: readonly FailureRule[];
  /** Of the module's option `failures`. */
  readonly moduleRules: readonly FailureRule[];
  /** Decides where nothing else does; `text` is its line of the table. */
  readonly fallback: FailurePolicy & { readonly text?: string };
  /** Is told of a part that failed, as a `FailurePolicyError`. Must not throw. */
  readonly report: (error: FailurePolicyError) => void;
}

/** Everything that decides, as one. */
export interface CompiledFailurePolicy {
  /**
   * Asks in the order of the table; the first that fits the error decides. Never throws: a predicate that throws does not
   * hold, and a function that throws or gives no action counts as if it had asked `next()`; both are reported.
   */
  readonly decide: FailurePolicy;
  /** A line for each part, the one that is asked first on top, each with where it comes from. */
  readonly table: readonly string[];
}

/**
 * Makes one policy of all that is said: the user's function, the rules of the handler, of the message, those for
 * `RetryLaterError` and `UnrecoverableError`, the module's, the default.
 */
export function compileFailurePolicy(parts: FailurePolicyParts): CompiledFailurePolicy {
  const { policy, handlerRules, messageRules, moduleRules, fallback, report } = parts;
  const asked: readonly PolicyPart[] = [
    ...handlerRules.map((rule) => partOf('handler', rule)),
    ...messageRules.map((rule) => partOf('message', rule)),
    ...builtInParts(fallback).map(({ text, decide }) => ({ text: `built in: ${text}`, decide })),
    ...moduleRules.map((rule) => partOf('module', rule)),
    { text: `default: ${fallback.text ?? 'a function'}`, decide: fallback },
  ];
  const below: FailurePolicy = (failure) => firstAnswer(asked, failure, report);
  const lines = asked.map(({ text }) => text);
  if (policy === undefined) return Object.freeze({ decide: below, table: Object.freeze(lines) });
  return Object.freeze({
    decide: (failure: Failure) => answerOf(policy, failure, below, report),
    table: Object.freeze([`${FUNCTION}: decides first, and may ask what follows`, ...lines]),
  });
}

const FUNCTION = 'policy function';

type Report = FailurePolicyParts['report'];

function partOf(source: string, rule: FailureRule): PolicyPart {
  return {
    text: `${source}: ${rule.text}`,
    decide: ({ error, attempt }) => (rule.errors.matches(error) ? actionAt(rule, attempt) : undefined),
  };
}

function firstAnswer(parts: readonly PolicyPart[], failure: Failure, report: Report): FailureAction {
  for (const { text, decide } of parts) {
    try {
      const action = decide(failure);
      if (action !== undefined) return action;
    } catch (cause) {
      report(new FailurePolicyError(text, failure, 'has thrown', { cause }));
    }
  }
  return DEAD_LETTER;
}

function answerOf(
  policy: FailurePolicyFunction,
  failure: Failure,
  below: FailurePolicy,
  report: Report,
): FailureAction {
  const failed = (problem: string, options?: ErrorOptions): void =>
    report(new FailurePolicyError(FUNCTION, failure, problem, options));
  try {
    const action = policy(failure, () => below(failure));
    const problem = actionProblem(action);
    if (problem === undefined) return action;
    failed(`answered with ${problem}`);
    if (isPromiseLike(action)) Promise.resolve(action).catch((cause: unknown) => failed('has rejected', { cause }));
  } catch (cause) {
    failed('has thrown', { cause });
  }
  return below(failure);
}
