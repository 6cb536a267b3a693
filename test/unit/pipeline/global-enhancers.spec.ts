import { describe, expect, it } from '@jest/globals';
import {
  Catch,
  ForbiddenException,
  Inject,
  Injectable,
  Scope,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, ModulesContainer, REQUEST } from '@nestjs/core';
import { ExternalContextCreator } from '@nestjs/core/helpers/external-context-creator.js';
import { Test } from '@nestjs/testing';
import {
  Command,
  CommandHandler,
  DispatchExecutionContext,
  Dispatcher,
  DispatchModule,
  type DispatchOptions,
  type HandlerContext,
} from 'nestjs-dispatch';
import { map } from 'rxjs';

import { MessageScopes } from '../../../lib/handlers/message-scopes.js';
import { NestEnhancers } from '../../../lib/pipeline/enhancers/nest-enhancers.js';
import { mistakesOf, rejectionOf, start } from '../dispatcher/application.js';

class Greet extends Command<string> {
  constructor(readonly who: string) {
    super();
  }
}

let calls: string[] = [];

@CommandHandler(Greet)
@UseGuards({ canActivate: () => calls.push('own guard') > 0 })
class GreetHandler {
  execute({ who }: Greet): string {
    calls.push('handler');
    if (who === 'nobody') throw new RangeError('nobody is there');
    return `hello ${who}`;
  }
}

@Catch(RangeError)
class Politeness {
  catch({ message }: RangeError): string {
    return `sorry, ${message}`;
  }
}

const GLOBALS: readonly Provider[] = [
  { provide: APP_GUARD, useValue: { canActivate: () => calls.push('global guard') > 0 } },
  { provide: APP_INTERCEPTOR, useValue: { intercept: (_: unknown, next: Next) => next.handle().pipe(map(exclaimed)) } },
  { provide: APP_PIPE, useValue: { transform: ({ who }: Greet) => new Greet(who.trim()) } },
  { provide: APP_FILTER, useClass: Politeness },
];

interface Next {
  handle(): ReturnType<ReturnType<typeof map<string, string>>>;
}

function exclaimed(text: string): string {
  return `${text}!`;
}

const asked: DispatchOptions = { nestEnhancers: { global: true } };

describe('global guards, interceptors, pipes and filters', () => {
  it('leave handlers alone where the module does not ask for them', async () => {
    calls = [];
    const { dispatcher } = await start({ providers: [GreetHandler, ...GLOBALS] });
    expect(await dispatcher.execute(new Greet(' Ada '))).toBe('hello  Ada ');
    expect(await rejectionOf(dispatcher.execute(new Greet('nobody')))).toEqual(new RangeError('nobody is there'));
    expect(calls).toEqual(['own guard', 'handler', 'own guard', 'handler']);
  });

  it("apply where it does, outside the handler's own", async () => {
    calls = [];
    const { dispatcher } = await start({ providers: [GreetHandler, ...GLOBALS], options: asked });
    expect(await dispatcher.execute(new Greet(' Ada '))).toBe('hello Ada!');
    expect(calls).toEqual(['global guard', 'own guard', 'handler']);
    expect(await dispatcher.execute(new Greet('nobody'))).toBe('sorry, nobody is there');
  });

  it('are those as well that the application is given before it is initialised', async () => {
    const imports = [DispatchModule.forRoot(asked)];
    const module = await Test.createTestingModule({ imports, providers: [GreetHandler] }).compile();
    const app = module.createNestApplication();
    app.useGlobalGuards({ canActivate: () => false });
    await app.init();
    const refused = await rejectionOf(app.get(Dispatcher).execute(new Greet('Ada')));
    expect(refused).toBeInstanceOf(ForbiddenException);
    await app.close();
  });

  it.each([Scope.REQUEST, Scope.TRANSIENT])('are made for each message where their scope is %s', async (scope) => {
    const guards = new Set<unknown>();
    @Injectable({ scope })
    class Fresh implements CanActivate {
      constructor(@Inject(REQUEST) private readonly request: unknown) {}

      canActivate(context: ExecutionContext): boolean {
        guards.add(this);
        return this.request === DispatchExecutionContext.from(context)?.getContext();
      }
    }
    const providers = [GreetHandler, { provide: APP_GUARD, useClass: Fresh, scope }];
    const { dispatcher } = await start({ providers, options: asked });
    expect(await dispatcher.execute(new Greet('Ada'))).toBe('hello Ada');
    expect(await dispatcher.execute(new Greet('Bob'))).toBe('hello Bob');
    expect(guards.size).toBe(2);
  });

  it('are told to be out of reach where Nest does not show them', () => {
    const external = Object.create(ExternalContextCreator.prototype) as ExternalContextCreator;
    const parts = { external, modules: new ModulesContainer(), scopes: Object.create(MessageScopes.prototype) };
    const text = expect.stringContaining('which the installed @nestjs/core does not show');
    expect(new NestEnhancers({ ...parts, isGlobal: true }).globalMistakes()).toMatchObject([{ text }]);
    expect(new NestEnhancers({ ...parts, isGlobal: false }).globalMistakes()).toEqual([]);
  });

  it.each([
    [true, 'is a boolean, not an object with "global"'],
    [{ global: 'yes' }, 'has the "global" "yes", not true or false'],
    [{ globals: true }, 'has "globals", which is unknown: there is "global"'],
  ])('are asked for by an option that is looked over: %j', async (nestEnhancers, problem) => {
    const options = { nestEnhancers } as DispatchOptions;
    const text = `The option "nestEnhancers" of DispatchModule ${problem}.`;
    expect(await mistakesOf({ options })).toEqual([{ rule: 'invalid-options', text }]);
  });
});

describe('a handler that nothing of Nest stands around', () => {
  class Plain extends Command {}

  let isCalled = false;
  @CommandHandler(Plain)
  class PlainHandler {
    execute(_plain: Plain, _context: HandlerContext): void {
      isCalled = true;
    }
  }

  it.each([
    ['the option is not set', {}, GLOBALS],
    ['there are no global ones', asked, []],
  ])('is called at once, as without them, where %s', async (_where, options, globals) => {
    isCalled = false;
    const { dispatcher } = await start({ providers: [PlainHandler, ...globals], options });
    const done = dispatcher.execute(new Plain());
    expect(isCalled).toBe(true);
    await done;
  });
});
