import { describe, expect, it } from '@jest/globals';

import { isDispatchError, markDispatchError } from '../../../../lib/common/dispatch-error.js';
import { EventHandlerFailedError, EventHandlingError } from '../../../../lib/dispatcher/errors.js';
import { defaultFailurePolicy } from '../../../../lib/failures/policy/built-in.js';
import { RetryLaterError, UnrecoverableError } from '../../../../lib/failures/policy/errors.js';
import { HandlerFailedError } from '../../../../lib/router/errors.js';
import { RemoteError } from '../../../../lib/run-modes/queue/errors.js';
import { failureOf, inWords, policyOf } from './failures.js';

class CardClosed extends UnrecoverableError {}
class RateLimited extends RetryLaterError {}

const fallback = defaultFailurePolicy({ maxAttempts: 3, backoffMs: 1000, maxBackoffMs: 5000 });
const { decide } = policyOf({ fallback });
const decidedAt = (error: unknown, attempt = 1): string => inWords(decide(failureOf(error, { attempt })));

const gone = new UnrecoverableError('gone');
const later = (delayMs: number) => new RetryLaterError(delayMs);
const byHandler = (cause: unknown) => new EventHandlerFailedError('Mailer', 'orders.placed', '7', cause);
const together = (...errors: unknown[]) => new EventHandlingError('orders.placed', errors.map(byHandler), 9);
const wrapped = (depth: number, error: unknown): unknown =>
  depth === 0 ? error : byHandler(wrapped(depth - 1, error));
const usual = 'schedule 1000 bounded';

describe('UnrecoverableError', () => {
  it('has its code, its text and its cause', () => {
    const cause = new Error('closed');
    const error = new CardClosed('the card is closed', { cause });
    expect(error).toMatchObject({ name: 'CardClosed', message: 'the card is closed', cause });
    expect(isDispatchError(error, 'DISPATCH_UNRECOVERABLE')).toBe(true);
  });

  const copied = Object.assign(new Error('of another copy'), { code: 'DISPATCH_UNRECOVERABLE' });
  markDispatchError(copied);

  it.each<[string, unknown, string]>([
    ['itself', gone, 'deadLetter'],
    ['a class that extends it', new CardClosed('closed'), 'deadLetter'],
    ['that of another copy of this package', copied, 'deadLetter'],
    [
      'that of a handler in another process',
      new RemoteError({ name: 'CardClosed', message: 'closed', code: 'DISPATCH_UNRECOVERABLE' }),
      'deadLetter',
    ],
    ['one that an event handler threw', byHandler(gone), 'deadLetter'],
    ['one that a routed handler threw', new HandlerFailedError('github', 'push', { cause: gone }), 'deadLetter'],
    ['all that event handlers threw', together(gone, new CardClosed('closed')), 'deadLetter'],
    ['one that is wrapped ten times', wrapped(10, gone), 'deadLetter'],
    ['not one that is wrapped eleven times', wrapped(11, gone), usual],
    ['not one of several', together(gone, new Error('x')), usual],
    ['not no error at all', new EventHandlingError('orders.placed', [], 9), usual],
    ['not the cause of an error of the user', new Error('charging failed', { cause: gone }), usual],
    ['not an error of the same code that is not of this package', { code: 'DISPATCH_UNRECOVERABLE' }, usual],
    [
      'not several of another process, whose errors did not come along',
      new RemoteError({ name: 'EventHandlingError', message: 'x', code: 'DISPATCH_EVENT_HANDLING' }),
      usual,
    ],
  ])('counts as %s', (_what, error, expected) => {
    expect(decidedAt(error)).toBe(expected);
  });
});

describe('RetryLaterError', () => {
  it('has its code, its delay, a text of its own or a given one, and its cause', () => {
    const cause = new Error('429');
    expect(later(500)).toMatchObject({ delayMs: 500, message: 'Try again in 500 ms.' });
    const error = new RateLimited(500, 'too many', { cause });
    expect(error).toMatchObject({ name: 'RateLimited', message: 'too many', cause });
    expect(isDispatchError(error, 'DISPATCH_RETRY_LATER')).toBe(true);
  });

  it.each<[string, unknown, string]>([
    ['its delay', later(0), 'schedule 0'],
    ['the delay of a class that extends it', new RateLimited(70), 'schedule 70'],
    ['whole milliseconds', later(70.2), 'schedule 71'],
    ['that of an event handler', byHandler(later(70)), 'schedule 70'],
    ['the longest of several', together(later(5), later(70), later(6)), 'schedule 70'],
    ['one among other failures', together(new Error('x'), later(70), gone), 'schedule 70'],
    ['none that is no number', later(Number.NaN), usual],
    ['none below 0', later(-1), usual],
    ['none that no timer keeps', later(2_147_483_648), usual],
    [
      'none from another process, which did not come along',
      new RemoteError({ name: 'RetryLaterError', message: 'x', code: 'DISPATCH_RETRY_LATER' }),
      usual,
    ],
    ['not that of the cause of an error of the user', new Error('x', { cause: later(70) }), usual],
  ])('waits for %s', (_what, error, expected) => {
    expect(decidedAt(error)).toBe(expected);
  });

  it('is given up when the default would give up', () => {
    expect([1, 2, 3, 4].map((attempt) => decidedAt(later(70), attempt))).toEqual([
      'schedule 70',
      'schedule 70',
      'deadLetter',
      'deadLetter',
    ]);
  });
});

describe('the default', () => {
  it('waits twice as long each time, up to the longest, and gives up at the last attempt', () => {
    const policy = defaultFailurePolicy({ maxAttempts: 6, backoffMs: 100, maxBackoffMs: 500 });
    expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => inWords(policy(failureOf('x', { attempt }))))).toEqual([
      'schedule 100 bounded',
      'schedule 200 bounded',
      'schedule 400 bounded',
      'schedule 500 bounded',
      'schedule 500 bounded',
      'deadLetter',
      'deadLetter',
    ]);
  });

  it('tries once where there is one attempt', () => {
    const policy = defaultFailurePolicy({ maxAttempts: 1, backoffMs: 100, maxBackoffMs: 500 });
    expect(inWords(policy(failureOf('x')))).toBe('deadLetter');
  });
});
