import { compileFailurePolicy, type FailurePolicyParts } from '../../../../lib/failures/policy/compile-policy.js';
import type { Failure, FailureAction } from '../../../../lib/failures/policy/failure.js';
import { failureRulesFrom, type On } from '../../../../lib/failures/policy/rules.js';
import type { FailureRule } from '../../../../lib/failures/policy/verbs.js';
import { RunMode } from '../../../../lib/message/run-mode.js';

/** A failure of a command behind a queue, with what a test says of it. */
export function failureOf(error: unknown, facts: Partial<Failure> = {}): Failure {
  return {
    error,
    attempt: 1,
    runMode: RunMode.Async,
    messageName: 'cards.charge',
    messageKind: 'command',
    handlerName: 'ChargeCardHandler',
    queue: 'cards',
    ...facts,
  };
}

/** The one rule that a function writes down. */
export function ruleOf(write: (on: On) => FailureRule): FailureRule {
  const [rule] = failureRulesFrom((on) => [write(on)]);
  if (rule === undefined) throw new Error('A list of one rule came back empty.');
  return rule;
}

/** A policy of the given parts and nothing else, over a default that dead-letters in the place `default`. */
export function policyOf(parts: Partial<FailurePolicyParts>) {
  const reported: Error[] = [];
  const compiled = compileFailurePolicy({
    handlerRules: [],
    messageRules: [],
    moduleRules: [],
    fallback: () => ({ action: 'deadLetter', place: 'default' }),
    report: (error) => reported.push(error),
    ...parts,
  });
  return { ...compiled, reported };
}

/** An action in few words, for tables: `retry 50 full`, `deadLetter zombies, pause 1000`. */
export function inWords(action: FailureAction | { readonly action: 'rethrow' }): string {
  const { action: verb, pauseQueueMs, ...rest } = { pauseQueueMs: undefined, ...action };
  const values = Object.values(rest).filter((value) => value !== undefined && value !== 'none');
  return [verb, ...values].join(' ') + (pauseQueueMs === undefined ? '' : `, pause ${pauseQueueMs}`);
}
