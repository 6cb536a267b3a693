import { describe, expect, it } from '@jest/globals';
import { CircuitBreakerBehavior, UseBehaviors } from 'nestjs-dispatch';

import { mistakesOf } from '../../dispatcher/application.js';
import { Charge, handlerOf, type startCharging } from './charging.js';

describe('a circuit breaker', () => {
  it.each<[string, Parameters<typeof startCharging>, string]>([
    [
      'a wrong rate',
      [{ failureRate: 2 }],
      '@CircuitBreaker of ChargeHandler (AppModule) has the option "failureRate", which is 2, not a number above 0, at most 1.',
    ],
    ['a wrong time', [{ openMs: 0 }], 'has the option "openMs", which is 0, not a whole number from 1 to 2147483647.'],
    ['a wrong way to pause', [{ pauses: 'all' as 'queue' }], `which is "all", not 'queue' or 'message'.`],
    ['an empty name', [{ name: '' }], 'has the option "name", which is "", not a text of 1 to 200 characters.'],
    ['no function', [{ countsAsFailure: 1 as never }], 'has the option "countsAsFailure", which is 1, not a function.'],
    ['an unknown option', [{ rate: 1 } as never], 'has the option "rate", which is unknown: the options are'],
    [
      'a wrong option of the module',
      [undefined, { circuits: { bank: { minimumCalls: 0 } } }],
      'The option "resilience.circuits.bank" of DispatchModule has the option "minimumCalls", which is 0',
    ],
    [
      'a list of circuits',
      [undefined, { circuits: [] as never }],
      'has the option "circuits", which is an array, not an object.',
    ],
    ['a circuit without a name', [undefined, { circuits: { '': {} } }], 'has a name which is "", not a text'],
    [
      'two ways to behave',
      [{ name: 'bank', openMs: 5 }, { circuits: { bank: { openMs: 6 } } }],
      'both say how the circuit "bank" behaves, and not the same: say it in one place.',
    ],
    [
      'a window that no rate needs',
      [{ consecutiveFailures: 3, windowMs: 1000 }],
      '@CircuitBreaker of ChargeHandler (AppModule) has "windowMs" beside "consecutiveFailures", where only "failureRate"',
    ],
    [
      'a window and a count that no rate needs, of the module',
      [undefined, { circuits: { bank: { consecutiveFailures: 3, windowMs: 1000, minimumCalls: 2 } } }],
      '"resilience.circuits.bank" of DispatchModule has "minimumCalls" and "windowMs" beside "consecutiveFailures"',
    ],
    [
      'two ways to behave, both of the module',
      [undefined, { circuits: { bank: { openMs: 5 } }, circuitBreaker: { name: 'bank', openMs: 6 } }],
      'of DispatchModule and the option "resilience.circuitBreaker" of DispatchModule both say how the circuit "bank"',
    ],
  ])('is refused at bootstrap with %s', async (_what, [options, resilience], text) => {
    const mistakes = await mistakesOf({
      providers: [handlerOf(Charge, options).type],
      ...(resilience && { options: { resilience } }),
    });
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]?.rule).toBe('invalid-options');
    expect(mistakes[0]?.text).toContain(text);
  });

  it('is not @UseBehaviors', async () => {
    const { type } = handlerOf(Charge, undefined);
    UseBehaviors(CircuitBreakerBehavior)(type);
    const mistakes = await mistakesOf({ providers: [type] });
    expect(mistakes[0]?.text).toContain('decorate the handler with @CircuitBreaker instead');
  });
});
