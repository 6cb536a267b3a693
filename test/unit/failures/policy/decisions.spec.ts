import { describe, expect, it } from '@jest/globals';

import { actionIn } from '../../../../lib/failures/policy/action.js';
import { defaultFailurePolicy } from '../../../../lib/failures/policy/built-in.js';
import { RetryLaterError, UnrecoverableError } from '../../../../lib/failures/policy/errors.js';
import { OnError, failureRulesOf } from '../../../../lib/failures/policy/on-error.decorator.js';
import { discard, failureRulesFrom, retry } from '../../../../lib/failures/policy/rules.js';
import type { MessageKind } from '../../../../lib/message/message.js';
import { RunMode } from '../../../../lib/message/run-mode.js';
import { failureOf, inWords, policyOf } from './failures.js';

class SqlBusy extends Error {}
class DeadlockFound extends SqlBusy {}
class UpstreamDown extends Error {}
class CardDeclined extends Error {}
class Timeout extends Error {}
class HttpError extends Error {
  constructor(readonly status: number) {
    super(`HTTP ${status}`);
  }
}

@OnError(CardDeclined, discard('the customer is told'))
@OnError(Timeout, retry('10ms').thenSchedule('1s').thenDeadLetter('slow'))
class ChargeCardHandler {}

@OnError(Timeout, discard('never asked: the handler comes first'))
@OnError(RangeError, retry('1ms').thenRequeue(2).pauseQueue('2s').thenDiscard('out of range'))
class ChargeCard {}

const { decide } = policyOf({
  handlerRules: failureRulesOf(ChargeCardHandler),
  messageRules: failureRulesOf(ChargeCard),
  moduleRules: failureRulesFrom((on) => [
    on(SqlBusy).retry('50ms', '100ms').thenSchedule('5s').jitter('full').thenDeadLetter(),
    on(HttpError, ({ status }) => status === 422).discard('invalid for ever'),
    on(UpstreamDown).requeue().pauseQueue('10m'),
    on('AbortError').schedule('1s', '2s'),
  ]),
  fallback: defaultFailurePolicy({ maxAttempts: 4, backoffMs: 1000, maxBackoffMs: 3000 }),
});

const aborted = Object.assign(new Error('aborted'), { name: 'AbortError' });
const usual = ['schedule 1000 bounded', 'schedule 2000 bounded', 'schedule 3000 bounded', ...dead(3)];
const sql = ['retry 50 full', 'retry 100 full', 'schedule 5000 full', ...dead(3)];

function dead(count: number): string[] {
  return times(count, 'deadLetter');
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

/** What is decided at attempts 1 to 6 behind a queue, and how many of the first of them stay a retry in the caller's turn. */
const TABLE: readonly (readonly [kind: string, error: unknown, actions: readonly string[]])[] = [
  ['a class of the module', new SqlBusy(), sql],
  ['its subclass', new DeadlockFound(), sql],
  ['a predicate that holds', new HttpError(422), times(6, 'discard invalid for ever')],
  ['a predicate that does not', new HttpError(500), usual],
  ['a rule without an end', new UpstreamDown(), ['requeue, pause 600000', ...dead(5)]],
  ['a name', aborted, ['schedule 1000', 'schedule 2000', ...dead(4)]],
  ['a class of the handler', new CardDeclined(), times(6, 'discard the customer is told')],
  ['one of handler and message', new Timeout(), ['retry 10', 'schedule 1000', ...times(4, 'deadLetter slow')]],
  [
    'a class of the message',
    new RangeError(),
    ['retry 1', ...times(2, 'requeue, pause 2000'), ...times(3, 'discard out of range')],
  ],
  ['UnrecoverableError', new UnrecoverableError('gone'), dead(6)],
  ['RetryLaterError', new RetryLaterError(7500), [...times(3, 'schedule 7500'), ...dead(3)]],
  ['any other error', new TypeError('no such field'), usual],
  ['a text', 'thrown as it is', usual],
  ['nothing', undefined, usual],
];
const KINDS: readonly MessageKind[] = ['command', 'query', 'event'];

describe('what is decided at attempts 1 to 6', () => {
  it.each(TABLE)('behind a queue, for %s', (_kind, error, expected) => {
    for (const messageKind of KINDS) {
      const decided = [1, 2, 3, 4, 5, 6].map((attempt) => {
        const failure = failureOf(error, { attempt, messageKind });
        return inWords(actionIn(failure, decide(failure)));
      });
      expect(decided).toEqual(expected);
    }
  });

  it.each(TABLE)("in the caller's turn, for %s", (_kind, error, behindQueue) => {
    for (const messageKind of KINDS) {
      const decided = [1, 2, 3, 4, 5, 6].map((attempt) => {
        const failure = failureOf(error, { attempt, messageKind, runMode: RunMode.Sync, queue: undefined });
        return inWords(actionIn(failure, decide(failure)));
      });
      const remains = (words: string): boolean =>
        words.startsWith('retry') || (words.startsWith('discard') && messageKind === 'event');
      expect(decided).toEqual(behindQueue.map((words) => (remains(words) ? words : 'rethrow')));
    }
  });

  it('is the same however often it is asked', () => {
    const failure = failureOf(new SqlBusy(), { attempt: 2 });
    expect(times(3, failure).map((same) => inWords(decide(same)))).toEqual(times(3, 'retry 100 full'));
  });
});
