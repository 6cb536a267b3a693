import { describe, expect, it } from '@jest/globals';

import { OnError, failureRulesOf } from '../../../../lib/failures/policy/on-error.decorator.js';
import { deadLetter, discard, retry } from '../../../../lib/failures/policy/rules.js';
import { CommandHandler } from '../../../../lib/handlers/handler.decorators.js';
import { Command } from '../../../../lib/message/message.js';
import { failureOf, policyOf } from './failures.js';

class HttpError extends Error {
  constructor(readonly status: number) {
    super(`HTTP ${status}`);
  }
}
class CardDeclined extends Error {}

@OnError(CardDeclined, deadLetter('declined'))
class ChargeCard extends Command {}

@OnError(HttpError, discard('invalid for ever'), { when: ({ status }) => status === 422 })
@OnError(HttpError, retry('1s').jitter('full'))
@CommandHandler(ChargeCard)
@OnError([RangeError, 'TimeoutError'], retry('5s'))
class ChargeCardHandler {
  execute(): void {}
}

class ChargeGiftCard extends ChargeCard {}

@OnError(TypeError, discard('its own'))
class ChargeGiftCardHandler extends ChargeCardHandler {}

const textsOf = (target: object): string[] => failureRulesOf(target).map(({ text }) => text);

describe('@OnError', () => {
  it('is asked from top to bottom, whatever other decorators are between', () => {
    expect(textsOf(ChargeCardHandler)).toEqual([
      'on(HttpError, predicate) discard (invalid for ever)',
      'on(HttpError) retry 1s, then dead letter (full jitter)',
      'on([RangeError, "TimeoutError"]) retry 5s, then dead letter',
    ]);
  });

  it('takes what its predicate holds for, and leaves the rest to the ones below', () => {
    const { decide } = policyOf({ handlerRules: failureRulesOf(ChargeCardHandler) });
    expect(decide(failureOf(new HttpError(422)))).toEqual({ action: 'discard', reason: 'invalid for ever' });
    expect(decide(failureOf(new HttpError(500)))).toEqual({ action: 'retry', delayMs: 1000, jitter: 'full' });
  });

  it('holds for messages as for handlers', () => {
    expect(textsOf(ChargeCard)).toEqual(['on(CardDeclined) dead letter at declined']);
  });

  it('holds for the very class it is written on', () => {
    expect(textsOf(ChargeGiftCard)).toEqual([]);
    expect(textsOf(ChargeGiftCardHandler)).toEqual(['on(TypeError) discard (its own)']);
    expect(textsOf(ChargeCardHandler)).toHaveLength(3);
  });

  it('is nothing on a class without it', () => {
    expect(failureRulesOf(class Plain {})).toEqual([]);
  });
});
