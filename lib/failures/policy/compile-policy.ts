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

/** What is done about a failure, and why. */
export interface FailureDecision {
  readonly action: FailureAction;
  /** What decided. */
  readonly rule: string;
}

/** Everything that decides, as one. */
export interface CompiledFailurePolicy {
  /**
   * Asks in the order of the table; the first that fits the error decides. Never throws: a predicate that throws does not
   * hold, and a function that throws or gives no action counts as if it had asked `next()`; both are reported.
   */
  readonly decide: FailurePolicy;
  /** The same, with what has decided: its line of the table, and of a function which line it asked, where it took that over. */
  readonly decision: (failure: Failure) => FailureDecision;
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
  const below: ToldPolicy = (failure, tell) => firstAnswer(asked, failure, { report, tell });
  const lines = asked.map(({ text }) => text);
  if (policy === undefined) return compiled(below, lines);
  const all: ToldPolicy = (failure, tell) => answerOf(policy, failure, below, { report, tell });
  return compiled(all, [`${FUNCTION}: decides first, and may ask what follows`, ...lines]);
}

function compiled(ask: ToldPolicy, lines: readonly string[]): CompiledFailurePolicy {
  return Object.freeze({
    decide: (failure: Failure) => ask(failure, undefined),
    decision: (failure: Failure) => {
      let rule = NOTHING;
      const action = ask(failure, (text) => (rule = text));
      return { action, rule };
    },
    table: Object.freeze([...lines]),
  });
}

const FUNCTION = 'policy function';

/** Where no part of the table has answered. */
const NOTHING = 'nothing in the table';

/** Is told what decides; undefined where nobody asks. */
type Tell = ((rule: string) => void) | undefined;
type ToldPolicy = (failure: Failure, tell: Tell) => FailureAction;

/** Who is told what. */
interface Listeners {
  readonly report: FailurePolicyParts['report'];
  readonly tell: Tell;
}

function partOf(source: string, rule: FailureRule): PolicyPart {
  return {
    text: `${source}: ${rule.text}`,
    decide: ({ error, attempt }) => (rule.errors.matches(error) ? actionAt(rule, attempt) : undefined),
  };
}

function firstAnswer(parts: readonly PolicyPart[], failure: Failure, { report, tell }: Listeners): FailureAction {
  for (const { text, decide } of parts) {
    try {
      const action = decide(failure);
      if (action === undefined) continue;
      tell?.(text);
      return action;
    } catch (cause) {
      report(new FailurePolicyError(text, failure, 'has thrown', { cause }));
    }
  }
  return DEAD_LETTER;
}

function answerOf(
  policy: FailurePolicyFunction,
  failure: Failure,
  below: ToldPolicy,
  { report, tell }: Listeners,
): FailureAction {
  const failed = (problem: string, options?: ErrorOptions): void =>
    report(new FailurePolicyError(FUNCTION, failure, problem, options));
  try {
    let next: FailureAction | undefined;
    let rule = NOTHING;
    const note: Tell = tell && ((text) => (rule = text));
    const action = policy(failure, () => (next = below(failure, note)));
    const problem = actionProblem(action);
    if (problem === undefined) {
      tell?.(action === next ? `${FUNCTION}, which asked ${rule}` : FUNCTION);
      return action;
    }
    failed(`answered with ${problem}`);
    if (isPromiseLike(action)) Promise.resolve(action).catch((cause: unknown) => failed('has rejected', { cause }));
  } catch (cause) {
    failed('has thrown', { cause });
  }
  return below(failure, tell);
}
