import { describe, expect, it } from '@jest/globals';
import { Module, type Type } from '@nestjs/common';
import {
  Behavior,
  Command,
  CommandHandler,
  LoggingBehavior,
  TimeoutBehavior,
  UseBehaviors,
  ValidationBehavior,
  type BehaviorClass,
  type BehaviorOptions,
  type Next,
} from 'nestjs-dispatch';

import { mistakesOf, start } from '../dispatcher/application.js';

class PlaceOrder extends Command<string> {}

/** A behavior with options that the types may refuse. */
function auditWith(options: unknown): BehaviorClass & Type<object> {
  @Behavior(options as BehaviorOptions)
  class Audit {
    handle(_context: object, next: Next): unknown {
      return next();
    }
  }
  return Audit;
}

function using(...behaviors: unknown[]): Type<object> {
  @UseBehaviors(...(behaviors as BehaviorClass[]))
  @CommandHandler(PlaceOrder)
  class Handler {
    execute(): string {
      return 'placed';
    }
  }
  return Handler;
}

describe('an option of a behavior', () => {
  it.each<[unknown, string]>([
    [{ appliesTo: 'namd' }, `has the option "appliesTo", which is "namd", not 'all' or 'named'.`],
    [{ kinds: ['commands'] }, `has the option "kinds", which has "commands" in it, not 'command', 'query' or 'event'.`],
    [{ kinds: 'command' }, `has the option "kinds", which is "command": give a list of 'command', 'query', 'event'.`],
    [{ priority: Number.NaN }, 'has the option "priority", which is NaN, not a finite number.'],
    [{ priority: '10' }, 'has the option "priority", which is "10", not a finite number.'],
    [{ order: 1 }, 'has the option "order", which is unknown: the options are priority, appliesTo, kinds.'],
    [null, 'has null as its options: give an object.'],
  ])('is a mistake, told once: %p', async (options, text) => {
    const audit = auditWith(options);
    @Module({ providers: [audit] })
    class SharedModule {}
    const mistakes = await mistakesOf({ imports: [SharedModule], providers: [audit, using(audit)] });
    expect(mistakes).toEqual([
      { rule: 'invalid-options', text: expect.stringMatching(/^The behavior Audit \((App|Shared)Module\) has/) },
    ]);
    expect(mistakes[0]?.text).toContain(text);
  });

  it('is taken where it is right or undefined', async () => {
    const audit = auditWith({ appliesTo: 'all', kinds: ['command'], priority: undefined });
    const { dispatcher } = await start({ providers: [audit, using()] });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
  });
});

describe('a behavior that a handler names', () => {
  class Undecorated {
    handle(): void {}
  }

  it.each<[string, unknown, string]>([
    [
      'logging is shipped',
      LoggingBehavior,
      'LoggingBehavior, which is put around handlers by itself: set the option "logging" of DispatchModule instead.',
    ],
    [
      'the time limit is shipped',
      TimeoutBehavior,
      'TimeoutBehavior, which is put around handlers by itself: set "timeoutMs" of the handler or of DispatchModule instead.',
    ],
    [
      'validation is shipped',
      ValidationBehavior,
      'ValidationBehavior, which is put around handlers by itself: give the message rules instead.',
    ],
    [
      'it is not decorated',
      Undecorated,
      'Undecorated, which is not decorated with @Behavior: do so, and add it to the providers of a module.',
    ],
    ['no module provides it', auditWith({}), 'Audit, which no module provides: add it to the providers of one.'],
    ['an import cycle left it unset', undefined, 'undefined as a behavior: name a class decorated with @Behavior.'],
    ['it stands in a list', [auditWith({})], 'an array as a behavior: name a class decorated with @Behavior.'],
  ])('is a mistake that says why where %s', async (_why, behavior, text) => {
    expect(await mistakesOf({ providers: [using(behavior)] })).toEqual([
      { rule: 'unknown-behavior', text: `Handler (AppModule) uses ${text}` },
    ]);
  });

  it('is one mistake where it has no method handle()', async () => {
    class Idle {}
    Behavior()(Idle as never);
    expect((await mistakesOf({ providers: [Idle, using(Idle)] })).map(({ rule }) => rule)).toEqual(['missing-method']);
  });
});
