import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import { defaultFailurePolicy } from '../../../../lib/failures/policy/built-in.js';
import type { FailurePolicyParts } from '../../../../lib/failures/policy/compile-policy.js';
import { RetryLaterError, UnrecoverableError } from '../../../../lib/failures/policy/errors.js';
import type { FailurePolicyFunction } from '../../../../lib/failures/policy/failure.js';
import { failureRulesFrom } from '../../../../lib/failures/policy/rules.js';
import type { FailureRule } from '../../../../lib/failures/policy/verbs.js';
import { failureOf, inWords, policyOf } from './failures.js';

/** A rule for every error, which tells by its place that it decided. */
const inPlace = (place: string): readonly FailureRule[] => failureRulesFrom((on) => [on.any().deadLetter(place)]);
const only = (place: string, type: new () => Error): readonly FailureRule[] =>
  failureRulesFrom((on) => [on(type).deadLetter(place)]);

const error = new Error('x');
const ordered = {
  handlerRules: inPlace('handler'),
  messageRules: inPlace('message'),
  moduleRules: inPlace('module'),
};
const HANDLER_RULE = 'on.any() dead letter at handler';
const placed = (place: string) => ({ action: 'deadLetter', place }) as const;

describe('the order of a policy', () => {
  it.each<[string, Partial<FailurePolicyParts>, string]>([
    ['the function', { ...ordered, policy: () => placed('function') }, 'function'],
    ['the handler', { ...ordered, policy: (_failure, next) => next() }, 'handler'],
    ['the message', { ...ordered, handlerRules: only('handler', RangeError) }, 'message'],
    ['the module', { ...ordered, handlerRules: [], messageRules: only('message', RangeError) }, 'module'],
    ['the default', { moduleRules: only('module', RangeError) }, 'default'],
  ])('lets %s decide before what comes after it', (_who, parts, place) => {
    expect(policyOf(parts).decide(failureOf(error))).toEqual(placed(place));
  });

  it('lets the first rule of a list decide that fits', () => {
    const moduleRules = failureRulesFrom((on) => [
      on(RangeError).deadLetter('first'),
      on(Error).deadLetter('second'),
      on(Error).deadLetter('third'),
    ]);
    expect(policyOf({ moduleRules }).decide(failureOf(error))).toEqual(placed('second'));
  });

  it('takes the built-in rules before those of the module, and after those of handler and message', () => {
    for (const one of [new UnrecoverableError('gone'), new RetryLaterError(5)]) {
      const decided = [
        policyOf(ordered),
        policyOf({ ...ordered, handlerRules: [] }),
        policyOf({ ...ordered, handlerRules: [], messageRules: [] }),
      ].map(({ decide }) => inWords(decide(failureOf(one))));
      expect(decided.slice(0, 2)).toEqual(['deadLetter handler', 'deadLetter message']);
      expect(decided[2]).toMatch(/^deadLetter( default)?$/);
    }
  });
});

describe('the decision of a policy', () => {
  const failure = failureOf(error);

  it('is what it decides, with the line of the table that says so', () => {
    const { decision, decide, table } = policyOf({ ...ordered, handlerRules: only('handler', RangeError) });
    expect(decision(failure)).toEqual({ action: decide(failure), rule: 'message: on.any() dead letter at message' });
    expect(table).toContain(decision(failure).rule);
  });

  it.each<[string, FailurePolicyFunction, string]>([
    ['the function', () => placed('function'), 'policy function'],
    ['what the function asked', (_failure, next) => next(), `policy function, which asked handler: ${HANDLER_RULE}`],
    ['the function, though it asked', (_failure, next) => ({ ...next() }), 'policy function'],
    ['the line below a function that gives nothing', () => undefined as never, `handler: ${HANDLER_RULE}`],
  ])('names %s', (_what, policy, rule) => {
    expect(policyOf({ ...ordered, policy }).decision(failure).rule).toBe(rule);
  });

  it('passes over a rule that throws', () => {
    const moduleRules = failureRulesFrom((on) => [
      on(Error, () => {
        throw new Error('broken');
      }).discard('never'),
    ]);
    const { decision, reported } = policyOf({ moduleRules });
    expect(decision(failure)).toEqual({ action: placed('default'), rule: 'default: a function' });
    expect(reported).toHaveLength(1);
  });

  it('tells where even the default has thrown', () => {
    const fallback = (): never => {
      throw new Error('broken');
    };
    expect(policyOf({ fallback }).decision(failure)).toMatchObject({ rule: 'nothing in the table' });
  });
});

describe('the function of a policy', () => {
  it('is given the failure, and what the rules would do as often as it asks', () => {
    const seen: unknown[] = [];
    const policy: FailurePolicyFunction = (failure, next) => {
      seen.push(failure, next(), next());
      return { action: 'requeue', pauseQueueMs: 5 };
    };
    const failure = failureOf(error, { attempt: 3 });
    const { decide, reported } = policyOf({ ...ordered, policy });
    expect(decide(failure)).toEqual({ action: 'requeue', pauseQueueMs: 5 });
    expect(seen).toEqual([failure, placed('handler'), placed('handler')]);
    expect(reported).toEqual([]);
  });

  it.each([
    { action: 'retry', delayMs: 0, jitter: 'none' },
    { action: 'schedule', delayMs: 2_147_483_647, jitter: 'full' },
    { action: 'requeue', pauseQueueMs: 0 },
    { action: 'discard', reason: 'old' },
    { action: 'deadLetter', place: undefined },
    { action: 'deadLetter', place: 'zombies', pauseQueueMs: 1 },
  ] as const)('may answer %j', (action) => {
    const { decide, reported } = policyOf({ policy: () => action });
    expect(decide(failureOf(error))).toBe(action);
    expect(reported).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['undefined, which is no action', undefined],
    ['"retry", which is no action', 'retry'],
    ['an array, which is no action', []],
    ['a promise: it must answer at once', Promise.resolve({ action: 'requeue' })],
    ['an action whose action is undefined', {}],
    ['an action whose action is "park"', { action: 'park' }],
    ['an action whose delayMs is -1', { action: 'retry', delayMs: -1, jitter: 'none' }],
    ['an action whose delayMs is "5s"', { action: 'schedule', delayMs: '5s', jitter: 'none' }],
    ['an action whose delayMs is NaN', { action: 'schedule', delayMs: Number.NaN, jitter: 'none' }],
    ['an action whose jitter is undefined', { action: 'retry', delayMs: 5 }],
    ['an action whose reason is undefined', { action: 'discard' }],
    ['an action whose place is "a b"', { action: 'deadLetter', place: 'a b' }],
    ['an action whose pauseQueueMs is "10m"', { action: 'requeue', pauseQueueMs: '10m' }],
  ])('is reported where it answers with %s, and the rules decide', (problem, answer) => {
    const { decide, reported } = policyOf({ ...ordered, policy: () => answer as never });
    expect(decide(failureOf(error))).toEqual(placed('handler'));
    expect(reported.map(({ message }) => message)).toEqual([
      `ChargeCardHandler failed at "cards.charge", and "policy function" answered with ${problem}. What comes after it has decided: correct it.`,
    ]);
  });

  it('is reported where it throws, and the rules decide', () => {
    const broken = new TypeError('no such field');
    const policy = (): never => {
      throw broken;
    };
    const { decide, reported } = policyOf({ ...ordered, policy });
    expect(decide(failureOf(error))).toEqual(placed('handler'));
    expect(reported).toMatchObject([{ code: 'DISPATCH_FAILURE_POLICY', part: 'policy function', cause: broken }]);
  });

  it('is reported once more where its promise rejects, of which nobody else is told', async () => {
    const broken = new TypeError('no such field');
    const { decide, reported } = policyOf({ ...ordered, policy: (() => Promise.reject(broken)) as never });
    expect(decide(failureOf(error))).toEqual(placed('handler'));
    await setImmediate();
    expect(reported).toMatchObject([
      { problem: expect.stringMatching(/a promise/) },
      { problem: 'has rejected', cause: broken },
    ]);
  });
});

describe('a policy', () => {
  it('dead-letters where even the default throws, which is reported', () => {
    const broken = new Error('broken');
    const fallback = (): never => {
      throw broken;
    };
    const { decide, reported } = policyOf({ fallback });
    expect(decide(failureOf(error))).toEqual({ action: 'deadLetter', place: undefined });
    expect(reported).toMatchObject([{ part: 'default: a function', cause: broken }]);
  });

  it('is shown as a table in the order in which it is asked', () => {
    const { table } = policyOf({
      policy: (_failure, next) => next(),
      handlerRules: failureRulesFrom((on) => [on(RangeError).retry('1s', '5s'), on(TypeError).discard('wrong')]),
      messageRules: failureRulesFrom((on) => [on('SqlBusy').requeue(2).pauseQueue('1m')]),
      moduleRules: failureRulesFrom((on) => [
        on
          .any(() => false)
          .schedule('1h')
          .jitter('full')
          .thenDeadLetter('late'),
      ]),
      fallback: defaultFailurePolicy({ maxAttempts: 4, backoffMs: 1000, maxBackoffMs: 300_000 }),
    });
    expect(table).toEqual([
      'policy function: decides first, and may ask what follows',
      'handler: on(RangeError) retry 1s, 5s, then dead letter',
      'handler: on(TypeError) discard (wrong)',
      'message: on("SqlBusy") requeue 2 times and pause the queue for 1m, then dead letter',
      'built in: on(RetryLaterError) schedule its delayMs, until the default gives up',
      'built in: on(UnrecoverableError) dead letter',
      'module: on.any(predicate) schedule 1h, then dead letter at late (full jitter)',
      'default: schedule 1000 ms, doubled each time up to 300000 ms, dead letter at attempt 4 (bounded jitter)',
    ]);
  });

  it('shows no function where there is none', () => {
    expect(policyOf({}).table[0]).toBe(
      'built in: on(RetryLaterError) schedule its delayMs, until the default gives up',
    );
  });

  it('cannot be changed', () => {
    for (const { decide, table } of [policyOf({}), policyOf({ policy: (_failure, next) => next() })]) {
      expect(Object.isFrozen(table)).toBe(true);
      expect(typeof decide).toBe('function');
    }
  });
});
