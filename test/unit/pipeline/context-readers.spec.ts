import { describe, expect, it, jest } from '@jest/globals';
import { Injectable, UseGuards, type ExecutionContext, type Type } from '@nestjs/common';
import {
  AmbientContext,
  Command,
  CommandHandler,
  DispatchExecutionContext,
  Dispatcher,
  MessageContext,
  Notifications,
  type HandlerContext,
} from 'nestjs-dispatch';

import { rejectionOf, start } from '../dispatcher/application.js';
import { deferred } from '../dispatcher/deferred.js';

class Outer extends Command<unknown> {}
class Inner extends Command<unknown> {}

/** Takes the message only and knows nothing of contexts: whether one is kept for it shows at what it sends. */
@CommandHandler(Outer)
class OuterHandler {
  constructor(private readonly dispatcher: Dispatcher) {}

  async execute(_command: Outer) {
    return this.dispatcher.execute(new Inner());
  }
}

const causeOf = (context: unknown): unknown => (context instanceof MessageContext ? context.causationId : 'no context');

async function secondParameter(_command: Inner, context: unknown) {
  return causeOf(context);
}

function innerHandler(execute: (this: object, ...args: never[]) => unknown): Type<object> {
  @CommandHandler(Inner)
  class InnerHandler {
    declare execute: (command: Inner) => unknown;
  }
  Object.assign(InnerHandler.prototype, { execute });
  return InnerHandler;
}

describe('a handler sees the context, with the cause from a handler that takes none, where its method', () => {
  it.each<[string, (...args: never[]) => unknown]>([
    ['has a second parameter', async (_command: Inner, context: HandlerContext) => causeOf(context)],
    ['has a second parameter with a default', async (_command: Inner, context: unknown = {}) => causeOf(context)],
    ['has defaults for both', async (_command: unknown = {}, context: unknown = {}) => causeOf(context)],
    ['has a rest parameter', async (...args: unknown[]) => causeOf(args[1])],
    ['has a rest parameter behind the message', async (_command: Inner, ...rest: unknown[]) => causeOf(rest[0])],
    [
      'reads arguments',
      async function execute(_command: Inner) {
        return causeOf(arguments[1]);
      },
    ],
    ['is bound', Reflect.apply(Function.prototype.bind, secondParameter, [undefined])],
  ])('%s', async (_form, execute) => {
    const { dispatcher } = await start({ providers: [OuterHandler, innerHandler(execute)] });
    expect(await dispatcher.execute(new Outer())).toEqual(expect.stringMatching(/^[0-9a-f-]{36}$/));
  });
});

describe('the context of a handler that takes the message only', () => {
  it('is found by a provider that injects AmbientContext', async () => {
    @Injectable()
    class Clerk {
      constructor(readonly ambient: AmbientContext) {}
    }
    @CommandHandler(Inner)
    class InnerHandler {
      constructor(private readonly clerk: Clerk) {}

      async execute(_command: Inner) {
        return this.clerk.ambient.current?.causationId;
      }
    }
    const { dispatcher } = await start({ providers: [OuterHandler, InnerHandler, Clerk] });
    expect(await dispatcher.execute(new Outer())).toEqual(expect.any(String));
  });

  it('is seen by a guard, with the cause', async () => {
    const causes: unknown[] = [];
    const guard = {
      canActivate: (context: ExecutionContext) =>
        causes.push(DispatchExecutionContext.from(context)?.getContext().causationId) > 0,
    };
    const guarded = innerHandler(async (_command: Inner) => 'done');
    UseGuards(guard)(guarded);
    const { dispatcher } = await start({ providers: [OuterHandler, guarded] });
    await dispatcher.execute(new Outer());
    expect(causes).toEqual([expect.any(String)]);
  });

  it('is shown to observers of notifications, with the cause', async () => {
    const causes: unknown[] = [];
    const { app, dispatcher } = await start({ providers: [OuterHandler, innerHandler(async () => 'done')] });
    app.get(Notifications).subscribe((notification) => {
      if ('context' in notification && notification.context instanceof MessageContext) {
        causes.push(`${notification.context.name} ${typeof notification.context.causationId}`);
      }
    });
    await dispatcher.execute(new Outer());
    await app.close();
    expect(causes).toEqual(['Outer undefined', 'Inner string', 'Inner string', 'Outer undefined']);
  });

  it('is made where its method shows no source text, as a proxy does', async () => {
    const proxied = new Proxy(async (..._args: unknown[]) => 'done', {
      apply: async (_target, _self, args: unknown[]) => causeOf(args[1]),
    });
    const { dispatcher } = await start({ providers: [OuterHandler, innerHandler(proxied)] });
    expect(await dispatcher.execute(new Outer())).toEqual(expect.any(String));
  });
});

describe('a handler that takes the message only, in an application where nobody can see a context,', () => {
  it('rejects with what it throws, at once or later, and handles the next message', async () => {
    const outcomes = [
      () => {
        throw new RangeError('at once');
      },
      async () => Promise.reject(new RangeError('later')),
      () => 'a plain result',
    ];
    const { dispatcher } = await start({ providers: [innerHandler(() => outcomes.shift()?.())] });
    expect(await rejectionOf(dispatcher.execute(new Inner()))).toEqual(new RangeError('at once'));
    expect(await rejectionOf(dispatcher.execute(new Inner()))).toEqual(new RangeError('later'));
    expect(await dispatcher.execute(new Inner())).toBe('a plain result');
  });

  it('is waited for at shutdown', async () => {
    const { promise, resolve } = deferred();
    const steps: string[] = [];
    const { app, dispatcher } = await start({ providers: [innerHandler(() => promise)] });
    const executed = dispatcher.execute(new Inner()).then(() => steps.push('handled'));
    const closed = app.close().then(() => steps.push('closed'));
    resolve();
    await Promise.all([executed, closed]);
    expect(steps).toEqual(['handled', 'closed']);
  });
});

describe('a handler that takes the message only, in an application where others see their context,', () => {
  it('is called with the message and nothing else', async () => {
    const { app, dispatcher } = await start({
      providers: [OuterHandler, innerHandler(async (_command: Inner, context: unknown) => causeOf(context))],
    });
    const execute = jest.spyOn(app.get(OuterHandler), 'execute');
    const command = new Outer();
    await dispatcher.execute(command, { headers: { tenant: 'acme' } });
    expect(execute.mock.calls).toEqual([[command]]);
  });
});
