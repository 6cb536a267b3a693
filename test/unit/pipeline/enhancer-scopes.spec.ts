import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  ForbiddenException,
  Inject,
  Injectable,
  Scope,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import {
  APP_GUARD,
  ContextIdFactory,
  REQUEST,
  type ContextId,
  type ContextIdStrategy,
  type HostComponentInfo,
} from '@nestjs/core';
import { Command, CommandHandler, DispatchExecutionContext, type MessageContext } from 'nestjs-dispatch';

import { mistakesOf, rejectionOf, start } from '../dispatcher/application.js';

describe('guards that Nest makes for a handler', () => {
  it('are made once for each message where they are request-scoped, with its context as REQUEST', async () => {
    let count = 0;
    @Injectable({ scope: Scope.REQUEST })
    class Visit {
      readonly number = (count += 1);
      constructor(@Inject(REQUEST) readonly request: unknown) {}
    }
    @Injectable()
    class Counting implements CanActivate {
      constructor(@Inject(Visit) private readonly visit: Visit) {}

      canActivate(context: ExecutionContext): boolean {
        return this.visit.request === DispatchExecutionContext.from(context)?.getContext();
      }
    }
    class Enter extends Command<number> {}
    @CommandHandler(Enter)
    @UseGuards(Counting)
    class EnterHandler {
      constructor(@Inject(Visit) private readonly visit: Visit) {}

      execute(): number {
        return this.visit.number;
      }
    }
    const { dispatcher } = await start({ providers: [Visit, EnterHandler] });
    expect(await Promise.all([dispatcher.execute(new Enter()), dispatcher.execute(new Enter())])).toEqual([1, 2]);
    expect(count).toBe(2);
  });

  it('are one for each handler where they are transient, also for a handler behind a token', async () => {
    const guards: Twin[] = [];
    @Injectable({ scope: Scope.TRANSIENT })
    class Twin implements CanActivate {
      readonly isMade = true;

      canActivate(): boolean {
        guards.push(this);
        return this.isMade;
      }
    }
    class Left extends Command {}
    class Right extends Command {}
    @CommandHandler(Left)
    @UseGuards(Twin)
    class LeftHandler {
      execute(): void {}
    }
    @CommandHandler(Right)
    class RightHandler {
      @UseGuards(Twin)
      execute(): void {}
    }
    const { dispatcher } = await start({ providers: [LeftHandler, { provide: 'right', useClass: RightHandler }] });
    for (const command of [new Left(), new Right(), new Left()]) await dispatcher.execute(command);
    expect(guards).toHaveLength(3);
    expect(new Set(guards).size).toBe(2);
  });

  it('are asked for the messages of a controller that handles some', async () => {
    class Ring extends Command<string> {}
    @Injectable()
    class Deaf implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        return DispatchExecutionContext.from(context) === undefined;
      }
    }
    @Controller()
    @CommandHandler(Ring)
    @UseGuards(Deaf)
    class RingController {
      execute(): string {
        return 'rung';
      }
    }
    const { dispatcher } = await start({ controllers: [RingController] });
    expect(await rejectionOf(dispatcher.execute(new Ring()))).toBeInstanceOf(ForbiddenException);
  });

  it('are a mistake where Nest would pass them over, since all would pass', async () => {
    @Injectable()
    class Refusal implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    class Slip extends Command {}
    @CommandHandler(Slip)
    @UseGuards(Refusal)
    class SlipHandler {
      execute(): void {}
    }
    const providers = [{ provide: SlipHandler, useFactory: () => new SlipHandler() }];
    expect(await mistakesOf({ providers })).toEqual([
      {
        rule: 'unknown-enhancer',
        text: 'SlipHandler (AppModule) has Refusal in @UseGuards, which Nest makes for handlers provided by their class only: provide the handler as a class, or with useClass, or give @UseGuards an instance.',
      },
    ]);
  });
});

describe('durable guards', () => {
  /** One durable sub-tree per tenant. */
  class TenantStrategy implements ContextIdStrategy<MessageContext> {
    private readonly tenants = new Map<string, ContextId>();

    attach(contextId: ContextId, { headers: { tenant = 'none' } }: MessageContext) {
      const shared = this.tenants.get(tenant) ?? ContextIdFactory.create();
      this.tenants.set(tenant, shared);
      const resolve = ({ isTreeDurable }: HostComponentInfo) => (isTreeDurable ? shared : contextId);
      return { resolve, payload: { tenant } };
    }
  }

  class Count extends Command<string> {}
  let seen: string[] = [];

  /** Counts what it admits, for the tenant it was made for. */
  abstract class Counting implements CanActivate {
    private count = 0;
    abstract readonly tenant: string;

    canActivate(): boolean {
      this.count += 1;
      seen.push(`${this.constructor.name} ${this.tenant} ${this.count}`);
      return true;
    }
  }

  afterEach(() => {
    ContextIdFactory.apply(undefined as never);
  });

  it.each([
    ['static', {}],
    ['request-scoped', { scope: Scope.REQUEST }],
    ['durable', { scope: Scope.REQUEST, durable: true }],
  ])('are one for each tenant, global or not, around a %s handler', async (_what, handlerScope) => {
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Own extends Counting {
      readonly tenant: string;
      constructor(@Inject(REQUEST) request: { readonly tenant: string }) {
        super();
        this.tenant = request.tenant;
      }
    }
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Global extends Own {}
    @CommandHandler(Count, handlerScope)
    @UseGuards(Own)
    class CountHandler {
      execute(): string {
        return 'counted';
      }
    }
    seen = [];
    ContextIdFactory.apply(new TenantStrategy());
    const guard = { provide: APP_GUARD, useClass: Global, scope: Scope.REQUEST, durable: true };
    const options = { nestEnhancers: { global: true } };
    const { dispatcher } = await start({ providers: [CountHandler, guard], options });
    for (const tenant of ['a', 'b', 'a']) await dispatcher.execute(new Count(), { headers: { tenant } });
    expect(seen).toEqual(['Global a 1', 'Own a 1', 'Global b 1', 'Own b 1', 'Global a 2', 'Own a 2']);
  });
});
