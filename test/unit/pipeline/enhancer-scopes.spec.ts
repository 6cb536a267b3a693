import { describe, expect, it } from '@jest/globals';
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
import { REQUEST } from '@nestjs/core';
import { Command, CommandHandler, DispatchExecutionContext } from 'nestjs-dispatch';

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
