import { describe, expect, it } from '@jest/globals';

import { actionAt, deadLetter, discard, requeue, retry, schedule } from '../../../../lib/failures/policy/rules.js';
import { OnError, failureRulesOf } from '../../../../lib/failures/policy/on-error.decorator.js';
import type { FailureSteps } from '../../../../lib/failures/policy/verbs.js';
import { inWords, ruleOf } from './failures.js';

class SqlBusy extends Error {}

function inTable(steps: FailureSteps): string[] {
  return steps.actions.map(inWords);
}

/** Each chain as a rule begins it and as `@OnError` does. */
const CHAINS: readonly (readonly [
  text: string,
  rule: FailureSteps,
  steps: FailureSteps,
  actions: readonly string[],
])[] = [
  ['retry 50ms, then dead letter', ruleOf((on) => on(SqlBusy).retry('50ms')), retry('50ms'), ['retry 50']],
  [
    'schedule 5s, 1.5m, then dead letter',
    ruleOf((on) => on(SqlBusy).schedule('5s', '1.5m')),
    schedule('5s', '1.5m'),
    ['schedule 5000', 'schedule 90000'],
  ],
  ['requeue, then dead letter', ruleOf((on) => on(SqlBusy).requeue()), requeue(), ['requeue']],
  [
    'requeue 3 times, then dead letter',
    ruleOf((on) => on(SqlBusy).requeue(3)),
    requeue(3),
    ['requeue', 'requeue', 'requeue'],
  ],
  ['discard (old)', ruleOf((on) => on(SqlBusy).discard('old')), discard('old'), ['discard old']],
  ['dead letter', ruleOf((on) => on(SqlBusy).deadLetter()), deadLetter(), ['deadLetter']],
  [
    'dead letter at zombies',
    ruleOf((on) => on(SqlBusy).deadLetter('zombies')),
    deadLetter('zombies'),
    ['deadLetter zombies'],
  ],
  [
    'retry 0ms, then schedule 1h, then requeue 2 times, then discard (old)',
    ruleOf((on) => on(SqlBusy).retry('0ms').thenSchedule('1h').thenRequeue(2).thenDiscard('old')),
    retry('0ms').thenSchedule('1h').thenRequeue(2).thenDiscard('old'),
    ['retry 0', 'schedule 3600000', 'requeue', 'requeue', 'discard old'],
  ],
  [
    'requeue, then retry 1ms, then dead letter at late',
    ruleOf((on) => on(SqlBusy).requeue().retry('1ms').deadLetter('late')),
    requeue().thenRetry('1ms').thenDeadLetter('late'),
    ['requeue', 'retry 1', 'deadLetter late'],
  ],
  [
    'retry 1s and pause the queue for 10m, then requeue 2 times and pause the queue for 1m, then dead letter and pause the queue for 1h',
    ruleOf((on) => on(SqlBusy).retry('1s').pauseQueue('10m').requeue(2).pauseQueue('1m').deadLetter().pauseQueue('1h')),
    retry('1s').pauseQueue('10m').thenRequeue(2).pauseQueue('1m').thenDeadLetter().pauseQueue('1h'),
    ['retry 1000, pause 600000', 'requeue, pause 60000', 'requeue, pause 60000', 'deadLetter, pause 3600000'],
  ],
  [
    'retry 1s, then schedule 2s, then dead letter (full jitter)',
    ruleOf((on) => on(SqlBusy).retry('1s').jitter('full').thenSchedule('2s')),
    retry('1s').jitter('full').thenSchedule('2s'),
    ['retry 1000 full', 'schedule 2000 full'],
  ],
  [
    'retry 1s, then dead letter (bounded jitter)',
    ruleOf((on) => on(SqlBusy).retry('1s').thenDeadLetter().jitter('bounded')),
    retry('1s').thenDeadLetter().jitter('bounded'),
    ['retry 1000 bounded', 'deadLetter'],
  ],
];

describe('verbs', () => {
  it.each(CHAINS)('%s', (text, rule, steps, actions) => {
    expect(inTable(rule)).toEqual(actions);
    expect(rule.text).toBe(`on(SqlBusy) ${text}`);
    expect(inTable(steps)).toEqual(actions);
    expect(steps.text).toBe(text);
  });

  it('wait a part of a millisecond out', () => {
    expect(inTable(retry('0.2ms', '1.5ms'))).toEqual(['retry 1', 'retry 2']);
  });

  it('use one attempt each, and lead to the end from then on', () => {
    const steps = retry('50ms', '100ms').thenSchedule('5s').thenDiscard('old');
    const decided = [1, 2, 3, 4, 5, 1000].map((attempt) => inWords(actionAt(steps, attempt)));
    expect(decided).toEqual(['retry 50', 'retry 100', 'schedule 5000', 'discard old', 'discard old', 'discard old']);
  });

  it('lead to dead letters where they have no end, without the pause of the last step', () => {
    const steps = requeue().pauseQueue('1m');
    expect([1, 2, 3].map((attempt) => inWords(actionAt(steps, attempt)))).toEqual([
      'requeue, pause 60000',
      'deadLetter',
      'deadLetter',
    ]);
  });
});

describe('steps', () => {
  it('stay as they are when a verb is added to them', () => {
    const begun = retry('50ms');
    const texts = [
      begun.thenRetry('1s'),
      begun.thenSchedule('1s').thenDiscard('old'),
      begun.pauseQueue('1m'),
      begun.jitter('full'),
    ].map(({ text }) => text);
    expect(new Set(texts).size).toBe(4);
    expect(begun.text).toBe('retry 50ms, then dead letter');
    expect(inTable(begun)).toEqual(['retry 50']);
  });

  it('cannot be changed, nor can their actions and the rules made of them', () => {
    class ChargeCardHandler {}
    const steps = retry('50ms').thenRequeue().pauseQueue('1m').jitter('full').thenDeadLetter();
    OnError(SqlBusy, steps)(ChargeCardHandler);
    const rules = [...failureRulesOf(ChargeCardHandler), ruleOf((on) => on(SqlBusy).retry('50ms')), steps];
    for (const rule of rules) {
      const parts = [rule, rule.actions, ...rule.actions, 'errors' in rule ? rule.errors : rule];
      expect(parts.map((part) => Object.isFrozen(part))).toEqual(parts.map(() => true));
    }
  });
});
