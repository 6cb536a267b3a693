import { describe, expect, it } from '@jest/globals';

import { InvalidFailureRuleError } from '../../../../lib/failures/policy/errors.js';
import { OnError } from '../../../../lib/failures/policy/on-error.decorator.js';
import { deadLetter, failureRulesFrom, retry } from '../../../../lib/failures/policy/rules.js';

class SqlBusy extends Error {}

/** All verbs without their types, which refuse most of what is tried here. */
type Untyped = Record<string, (...values: unknown[]) => Untyped>;
type UntypedOn = ((errors?: unknown, predicate?: unknown) => Untyped) & Untyped;

function writing(write: (on: UntypedOn) => unknown): () => unknown {
  return () => failureRulesFrom((on) => [write(on as unknown as UntypedOn)] as never);
}

function decorating(...values: unknown[]): () => unknown {
  return () => (OnError as (...given: unknown[]) => unknown)(...values);
}

function refusal(act: () => unknown): InvalidFailureRuleError {
  try {
    act();
  } catch (error) {
    if (error instanceof InvalidFailureRuleError) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
}

const CASES: readonly (readonly [rule: string, verb: string, problem: string, act: () => unknown])[] = [
  ['on(SqlBusy)', 'retry', 'it needs one delay', writing((on) => on(SqlBusy)['retry']?.())],
  ['on(SqlBusy)', 'schedule', 'it needs one delay', writing((on) => on(SqlBusy)['schedule']?.())],
  ['on(SqlBusy)', 'retry', '"5 s" is no duration', writing((on) => on(SqlBusy)['retry']?.('1s', '5 s'))],
  ['on(SqlBusy)', 'schedule', '-5 is no duration', writing((on) => on(SqlBusy)['schedule']?.(-5))],
  ['on(SqlBusy)', 'schedule', '"30d" is more than 24 days', writing((on) => on(SqlBusy)['schedule']?.('30d'))],
  ['on(SqlBusy)', 'requeue', '0 is not a whole number from 1', writing((on) => on(SqlBusy)['requeue']?.(0))],
  ['on(SqlBusy)', 'requeue', '1001 is not a whole number', writing((on) => on(SqlBusy)['requeue']?.(1001))],
  ['on(SqlBusy)', 'requeue', '1.5 is not a whole number', writing((on) => on(SqlBusy)['requeue']?.(1.5))],
  ['on(SqlBusy)', 'requeue', '"2" is not a whole number', writing((on) => on(SqlBusy)['requeue']?.('2'))],
  ['on(SqlBusy)', 'discard', 'undefined is no reason', writing((on) => on(SqlBusy)['discard']?.())],
  ['on(SqlBusy)', 'discard', '" " is no reason', writing((on) => on(SqlBusy)['discard']?.(' '))],
  ['on(SqlBusy)', 'deadLetter', '"a b" is no place', writing((on) => on(SqlBusy)['deadLetter']?.('a b'))],
  ['on(SqlBusy)', 'deadLetter', '"" is no place', writing((on) => on(SqlBusy)['deadLetter']?.(''))],
  ['on(SqlBusy)', 'thenRetry', 'nothing comes before it', writing((on) => on(SqlBusy)['thenRetry']?.('1s'))],
  ['on(SqlBusy)', 'thenDeadLetter', 'nothing comes before it', writing((on) => on(SqlBusy)['thenDeadLetter']?.())],
  ['on(SqlBusy)', 'pauseQueue', 'there is none before it', writing((on) => on(SqlBusy)['pauseQueue']?.('1m'))],
  [
    'on(SqlBusy) requeue',
    'pauseQueue',
    '"soon" is no duration',
    writing((on) => on(SqlBusy)['requeue']?.()['pauseQueue']?.('soon')),
  ],
  [
    'on(SqlBusy) requeue',
    'pauseQueue',
    '"0s" is no pause',
    writing((on) => on(SqlBusy)['requeue']?.()['pauseQueue']?.('0s')),
  ],
  [
    'on(SqlBusy) requeue and pause the queue for 1m',
    'pauseQueue',
    'pauses the queue already',
    writing((on) => on(SqlBusy)['requeue']?.()['pauseQueue']?.('1m')['pauseQueue']?.('2m')),
  ],
  [
    'on(SqlBusy) requeue',
    'jitter',
    '"none" is neither',
    writing((on) => on(SqlBusy)['requeue']?.()['jitter']?.('none')),
  ],
  [
    'on(SqlBusy) requeue',
    'jitter',
    'it is full already',
    writing((on) => on(SqlBusy)['requeue']?.()['jitter']?.('full')['jitter']?.('bounded')),
  ],
  ['on(SqlBusy)', 'on', 'it has no step', writing((on) => on(SqlBusy))],
  ['on(undefined)', 'on', 'an import cycle leaves a class undefined', writing((on) => on())],
  ['on([SqlBusy, 5])', 'on', '5 is neither an error class', writing((on) => on([SqlBusy, 5]))],
  ['on("")', 'on', '"" is neither an error class', writing((on) => on(''))],
  ['on(isBusy)', 'on', 'a function is neither', writing((on) => on({ isBusy: () => true }.isBusy))],
  ['on([])', 'on', 'the list of errors is empty', writing((on) => on([]))],
  ['on(SqlBusy)', 'on', 'the predicate is "busy", not a function', writing((on) => on(SqlBusy, 'busy'))],
  ['on.any()', 'any', 'the predicate is true, not a function', writing((on) => on['any']?.(true))],
  ['(on) => [...]', 'failures', 'must be a function', () => failureRulesFrom((() => undefined) as never)],
  ['(on) => [...]', 'failures', 'must be a function', () => failureRulesFrom([] as never)],
  ['(on) => [...]', 'failures', 'an object is in the list, and is no rule', writing(() => retry('1s'))],
  ['(on) => [...]', 'failures', 'null is in the list, and is no rule', writing(() => null)],
  ['@OnError', 'retry', '"soon" is no duration', () => retry('soon' as never)],
  ['retry 1s', 'thenRetry', '"2" is no duration', () => retry('1s').thenRetry('2' as never)],
  ['@OnError', 'deadLetter', '"a/b" is no place', () => deadLetter('a/b')],
  ['on(undefined)', 'OnError', 'is neither an error class', decorating(undefined, retry('1s'))],
  ['on(SqlBusy)', 'OnError', 'undefined is no list of steps', decorating(SqlBusy)],
  ['on(SqlBusy)', 'OnError', 'an object is no list of steps', decorating(SqlBusy, { actions: [] })],
  ['on(SqlBusy)', 'OnError', 'the option "if" is unknown', decorating(SqlBusy, retry('1s'), { if: () => true })],
  ['on(SqlBusy)', 'OnError', 'a function is in the place', decorating(SqlBusy, retry('1s'), () => true)],
  ['on(SqlBusy)', 'OnError', 'the predicate is 1', decorating(SqlBusy, retry('1s'), { when: 1 })],
];

describe('a failure rule', () => {
  it.each(CASES)('is refused as %s at %s(): %s', (rule, verb, problem, act) => {
    const error = refusal(act);
    expect(error).toMatchObject({ code: 'DISPATCH_INVALID_FAILURE_RULE', rule, verb });
    expect(error.problem).toContain(problem);
    expect(error.message).toBe(`The failure rule "${rule}" is refused at ${verb}(): ${error.problem}.`);
  });

  it.each(['discard', 'deadLetter', 'thenDiscard', 'thenDeadLetter'])('ends with %s', (end) => {
    const verbs = ['retry', 'schedule', 'requeue', 'discard', 'deadLetter'];
    const further = verbs.flatMap((verb) => [verb, `then${verb[0]?.toUpperCase()}${verb.slice(1)}`]);
    const value = { discard: 'old', retry: '1s', schedule: '1s' } as const;
    const valueOf = (verb: string) => Object.entries(value).find(([name]) => verb.toLowerCase().endsWith(name))?.[1];
    for (const verb of further) {
      const error = refusal(writing((on) => on(SqlBusy)['retry']?.('1s')[end]?.(valueOf(end))[verb]?.(valueOf(verb))));
      expect(error.verb).toBe(verb);
      expect(error.rule).toMatch(/^on\(SqlBusy\) retry 1s, then d/);
      expect(error.problem).toMatch(/^it would come after "(discard \(old\)|dead letter)", which ends the message$/);
    }
  });

  it('is refused as the steps of @OnError, which has its errors already', () => {
    const error = refusal(writing((on) => OnError(SqlBusy, on(Error)['retry']?.('1s') as never)));
    expect(error.problem).toContain('the steps are a rule with errors of its own');
  });
});
