import { describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  ForbiddenException,
  Inject,
  Injectable,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type ValidationPipeOptions,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Test } from '@nestjs/testing';
import {
  AfterHandle,
  BeforeHandle,
  Behavior,
  Command,
  CommandHandler,
  DispatchExecutionContext,
  Dispatcher,
  DispatchModule,
  MessageContext,
  SkipBehavior,
  ValidationBehavior,
  type HandlerContext,
  type Next,
} from 'nestjs-dispatch';
import { IsNotEmpty } from 'class-validator';
import { map, of, type Observable } from 'rxjs';

import { rejectionOf, start } from '../dispatcher/application.js';

class Open extends Command<unknown> {
  constructor(readonly door = 'front') {
    super();
  }
}

/** What the parts of one application did. */
@Injectable()
class Diary {
  readonly entries: unknown[] = [];
}

@Injectable()
class Doorman implements CanActivate {
  constructor(
    @Inject(Diary) private readonly diary: Diary,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const dispatch = DispatchExecutionContext.from<Open>(context);
    const closed = this.reflector.get<string | undefined>('closed', context.getHandler());
    this.diary.entries.push('guard');
    return dispatch?.getMessage().door !== closed && dispatch?.getContext().headers.user !== 'thief';
  }
}

@Injectable()
class Framing implements NestInterceptor {
  constructor(@Inject(Diary) private readonly diary: Diary) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    this.diary.entries.push('interceptor');
    return next.handle().pipe(map((result) => `[${String(result)}]`));
  }
}

@Injectable()
class Renaming implements PipeTransform {
  constructor(@Inject(Diary) private readonly diary: Diary) {}

  transform({ door }: Open, { type, metatype, data }: ArgumentMetadata): Open {
    this.diary.entries.push(`pipe ${type} ${metatype?.name} ${String(data)}`);
    return new Open(door.toUpperCase());
  }
}

@Behavior()
class Outside {
  constructor(@Inject(Diary) private readonly diary: Diary) {}

  handle(context: HandlerContext, next: Next): Promise<unknown> {
    if (context.message instanceof Open) this.diary.entries.push('behavior');
    return next();
  }
}

@CommandHandler(Open)
@UseGuards(Doorman)
class OpenHandler {
  constructor(@Inject(Diary) private readonly diary: Diary) {}

  @BeforeHandle()
  before({ door }: Open): void {
    this.diary.entries.push(`before ${door}`);
  }

  @UseInterceptors(Framing)
  @UsePipes(Renaming)
  @SetMetadata('closed', 'back')
  execute({ door }: Open, context: HandlerContext<Open>): string {
    this.diary.entries.push(`handler ${door}, sent as ${context.message.door}`);
    return door;
  }

  @AfterHandle()
  after(result: string): void {
    this.diary.entries.push(`after ${result}`);
  }
}

describe('guards, interceptors and pipes of a handler', () => {
  it('run inside the behaviors and outside the hooks, and change message and result', async () => {
    const { app, dispatcher } = await start({ providers: [Diary, Outside, OpenHandler] });
    expect(await dispatcher.execute(new Open())).toBe('[FRONT]');
    expect(app.get(Diary).entries).toEqual([
      'behavior',
      'guard',
      'interceptor',
      'pipe custom Open undefined',
      'before FRONT',
      'handler FRONT, sent as front',
      'after FRONT',
    ]);
  });

  it('keep the handler from running where the guard says no, and the next message is handled', async () => {
    const { app, dispatcher } = await start({ providers: [Diary, OpenHandler] });
    const headers = { user: 'thief' };
    expect(await rejectionOf(dispatcher.execute(new Open(), { headers }))).toBeInstanceOf(ForbiddenException);
    expect(await rejectionOf(dispatcher.execute(new Open('back')))).toBeInstanceOf(ForbiddenException);
    expect(app.get(Diary).entries).toEqual(['guard', 'guard']);
    expect(await dispatcher.execute(new Open())).toBe('[FRONT]');
  });

  it('stand around what a test puts in the place of the handler', async () => {
    const module = await Test.createTestingModule({
      imports: [DispatchModule.forRoot()],
      providers: [Diary, OpenHandler],
    })
      .overrideProvider(OpenHandler)
      .useValue({ execute: ({ door }: Open) => `mock of ${door}` })
      .compile();
    await module.init();
    const dispatcher = module.get(Dispatcher);
    expect(await dispatcher.execute(new Open())).toBe('[mock of FRONT]');
    expect(await rejectionOf(dispatcher.execute(new Open('back')))).toBeInstanceOf(ForbiddenException);
    await module.close();
  });

  it('can be replaced in a test as anywhere in Nest', async () => {
    const module = await Test.createTestingModule({
      imports: [DispatchModule.forRoot()],
      providers: [Diary, OpenHandler],
    })
      .overrideGuard(Doorman)
      .useValue({ canActivate: () => true })
      .compile();
    await module.init();
    expect(await module.get(Dispatcher).execute(new Open('back'))).toBe('[BACK]');
    await module.close();
  });

  it('are given what Nest tells of class, method, type and arguments', async () => {
    const seen: unknown[] = [];
    class Look extends Command {}
    const watch: CanActivate = {
      canActivate(context) {
        const [message, own] = context.getArgs<[unknown, unknown]>();
        const isContext = own instanceof MessageContext && own.message === message;
        seen.push(context.getType(), context.getClass().name, context.getHandler().name, isContext);
        return true;
      },
    };
    @CommandHandler(Look)
    @UseGuards(watch)
    class LookHandler {
      execute(): void {}
    }
    const { dispatcher } = await start({ providers: [LookHandler] });
    await dispatcher.execute(new Look());
    expect(seen).toEqual(['dispatch', 'LookHandler', 'execute', true]);
  });

  it('check a message with a ValidationPipe that is told to look at arguments of type custom', async () => {
    @SkipBehavior(ValidationBehavior)
    class Rename extends Command<string> {
      @IsNotEmpty()
      readonly name = '';
    }
    async function renamed(options: ValidationPipeOptions): Promise<unknown> {
      @CommandHandler(Rename)
      @UsePipes(new ValidationPipe(options))
      class RenameHandler {
        execute({ name }: Rename): string {
          return `renamed to "${name}"`;
        }
      }
      const { dispatcher } = await start({ providers: [RenameHandler] });
      return dispatcher.execute(new Rename());
    }
    expect(await renamed({})).toBe('renamed to ""');
    const strict = renamed({ validateCustomDecorators: true });
    expect(await rejectionOf(strict)).toBeInstanceOf(BadRequestException);
  });

  it('apply also where the handler takes the message only and nobody else sees its context', async () => {
    class Peep extends Command {}
    @CommandHandler(Peep)
    @UseGuards({ canActivate: () => false })
    class PeepHandler {
      execute(_peep: Peep): void {}
    }
    const { dispatcher } = await start({ providers: [PeepHandler], options: { context: 'explicit' } });
    expect(await rejectionOf(dispatcher.execute(new Peep()))).toBeInstanceOf(ForbiddenException);
  });

  it('of a class stand around handlers that extend it as well, before their own', async () => {
    const asked: string[] = [];
    const guard = (name: string): CanActivate => ({ canActivate: () => asked.push(name) > 0 });
    class First extends Command {}
    class Second extends Command {}
    class Third extends Command {}
    @CommandHandler(First)
    @UseGuards(guard('base'))
    class FirstHandler {
      execute(_command: object): void {}
    }
    @CommandHandler(Second)
    class SecondHandler extends FirstHandler {}
    @CommandHandler(Third)
    @UseGuards(guard('own'))
    class ThirdHandler extends FirstHandler {}
    const { dispatcher } = await start({ providers: [FirstHandler, SecondHandler, ThirdHandler] });
    for (const command of [new First(), new Second(), new Third()]) await dispatcher.execute(command);
    expect(asked).toEqual(['base', 'base', 'base', 'own']);
  });

  it('leave a handler that has none the result it returns, an Observable too', async () => {
    class Stream extends Command<Observable<number>> {}
    @CommandHandler(Stream)
    @UseGuards({ canActivate: () => true })
    class StreamHandler {
      readonly numbers = of(1, 2);
      execute(): Observable<number> {
        return this.numbers;
      }
    }
    const { app, dispatcher } = await start({ providers: [StreamHandler] });
    expect(await dispatcher.execute(new Stream())).toBe(app.get(StreamHandler).numbers);
  });

  it('see no message in a context of another type', () => {
    expect(DispatchExecutionContext.from(new ExecutionContextHost([{}, {}]))).toBeUndefined();
  });
});
