import { describe, expect, it } from '@jest/globals';
import {
  Command,
  discard,
  failureRulesFrom,
  OnError,
  retry,
  type FailurePolicyFunction,
  type FailureRule,
} from 'nestjs-dispatch';

import { FailurePolicies } from '../../../lib/failures/policy/failure-policies.js';
import type { RegisteredHandler } from '../../../lib/handlers/handler-registry.js';
import { definitionOf } from '../../../lib/message/message.decorator.js';
import type { MessageClass } from '../../../lib/message/message.js';
import { HandlerPreparation, type PreparedHandler } from '../../../lib/pipeline/handler-preparation.js';
import { PipelineBuilder, type Pipeline } from '../../../lib/pipeline/pipeline-builder.js';

class PlaceOrder extends Command {}
class PlaceOrderHandler {}

const bare = (): string => 'bare';

/** Has nothing around the handler, which takes the message only. */
class BareBuilder extends PipelineBuilder {
  override build(): Pipeline {
    return { invoke: () => 'whole', invokeLimited: () => 'limited', invokeBare: bare };
  }

  override onFailedOf(): undefined {
    return undefined;
  }
}

interface Given {
  readonly policy?: FailurePolicyFunction;
  readonly hasFaults?: boolean;
  readonly rules?: readonly FailureRule[];
  readonly handler?: new () => object;
  readonly message?: MessageClass;
}

function prepared({
  policy,
  hasFaults = false,
  rules = [],
  handler = PlaceOrderHandler,
  message = PlaceOrder,
}: Given): PreparedHandler {
  const policies = new FailurePolicies(policy, rules, (error) => {
    throw error;
  });
  // A builder that makes no pipeline reads no options, and what is prepared of a provider is its class.
  const preparation = new HandlerPreparation(new BareBuilder({} as never), 0, false, policies, hasFaults);
  const registered = { kind: 'command', method: 'execute', options: {}, provider: { type: handler } };
  return preparation.prepare(registered as unknown as RegisteredHandler, definitionOf(message), 'key');
}

@OnError(RangeError, retry('1s'))
class GovernedHandler {}

@OnError(RangeError, discard('old'))
class GovernedOrder extends Command {}

class InheritingHandler extends GovernedHandler {}

describe('a handler for which no failure rule is written', () => {
  it.each<[string, Given]>([
    ['at all', {}],
    ['on its very class', { handler: InheritingHandler }],
  ])('%s is called with the bare message, and nobody is asked when it fails', (_where, given) => {
    expect(prepared(given)).toMatchObject({ invokeBare: bare, inTurn: undefined });
  });
});

describe('a handler whose failures something decides about', () => {
  it.each<[string, Given, string]>([
    ['a rule on its class', { handler: GovernedHandler }, 'handler: on(RangeError) retry 1s, then dead letter'],
    ['a rule on its message', { message: GovernedOrder }, 'message: on(RangeError) discard (old)'],
    [
      'a rule of the module',
      { rules: failureRulesFrom((on) => [on.any().deadLetter()]) },
      'module: on.any() dead letter',
    ],
    ['a function', { policy: (_failure, next) => next() }, 'policy function: decides first, and may ask what follows'],
  ])('has a context for each attempt, where that is %s', (_what, given, line) => {
    const { invokeBare, inTurn } = prepared(given);
    expect(invokeBare).toBeUndefined();
    expect(inTurn?.table).toContain(line);
  });
});
