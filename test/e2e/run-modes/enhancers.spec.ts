import { describe, expect, it } from '@jest/globals';
import {
  Catch,
  ForbiddenException,
  Inject,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import {
  Command,
  CommandHandler,
  DispatchExecutionContext,
  Event,
  EventsHandler,
  isDispatchError,
  OnError,
  retry,
} from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { MODES, startIn } from './modes.js';
import { Journal } from './orders.js';

class Unlock extends Command<string> {
  constructor(
    readonly door: string,
    readonly flaw?: 'handler',
  ) {
    super();
  }
}

/** One for each message, as is the handler then. */
@Injectable({ scope: Scope.REQUEST })
class Keeper implements CanActivate {
  constructor(
    @Inject(REQUEST) private readonly request: unknown,
    @Inject(Journal) private readonly journal: Journal,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const dispatch = DispatchExecutionContext.from<Unlock>(context);
    if (dispatch === undefined) return false;
    this.journal.note('guard', dispatch.getMessage() instanceof Unlock, this.request === dispatch.getContext());
    return dispatch.getContext().headers.user === 'ada';
  }
}

@Injectable()
class Stamping {
  intercept(_context: ExecutionContext, next: CallHandler<string>): Observable<string> {
    return next.handle().pipe(map((result) => `${result}, stamped`));
  }
}

@Catch(RangeError)
class Rescue {
  catch({ message }: RangeError): string {
    return `rescued from ${message}`;
  }
}

@CommandHandler(Unlock)
@UseGuards(Keeper)
@UseInterceptors(Stamping)
class UnlockHandler {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  @UsePipes({ transform: ({ door, flaw }: Unlock) => new Unlock(door.trim(), flaw) })
  @UseFilters(Rescue)
  execute({ door, flaw }: Unlock): string {
    this.journal.note('handler', `"${door}"`);
    if (flaw === 'handler') throw new RangeError('a jam');
    return `${door} is open`;
  }
}

class Knock extends Command<number> {}

/** Says no twice, and then yes. */
@Injectable()
class Reluctant implements CanActivate {
  count = 0;

  canActivate(): boolean {
    this.count += 1;
    return this.count > 2;
  }
}

@OnError(ForbiddenException, retry('1ms', '1ms'))
@CommandHandler(Knock)
@UseGuards(Reluctant)
class KnockHandler {
  execute(_knock: Knock, { attempt }: { attempt: number }): number {
    return attempt;
  }
}

class Rung extends Event {}

@EventsHandler(Rung)
class Bell {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  handle(): void {
    this.journal.note('rings');
  }
}

@EventsHandler(Rung)
@UseGuards({ canActivate: () => false })
class Silenced extends Bell {}

const providers = [Journal, UnlockHandler, KnockHandler, Bell, Silenced];
const headers = { user: 'ada' };

describe.each(MODES)('through $name', (mode) => {
  it('guard, interceptor and pipe of a handler apply, in the scope of its message', async () => {
    const { app, dispatcher } = await startIn(mode, { providers });
    expect(await dispatcher.execute(new Unlock(' gate '), { headers })).toBe('gate is open, stamped');
    expect(app.get(Journal).entries).toEqual(['guard true true', 'handler "gate"']);
  });

  it('what a guard refuses fails as a handler does, and the next message is handled', async () => {
    const { app, dispatcher } = await startIn(mode, { providers });
    const refused = await rejectionOf(dispatcher.execute(new Unlock('gate')));
    const isFar = isDispatchError(refused, 'DISPATCH_REMOTE_ERROR');
    expect(isFar ? refused : (refused as ForbiddenException).getResponse()).toMatchObject({
      message: 'Forbidden resource',
      ...(isFar ? { http: { status: 403 } } : { statusCode: 403 }),
    });
    expect(app.get(Journal).entries).toEqual(['guard true true']);
    expect(await dispatcher.execute(new Unlock('gate'), { headers })).toBe('gate is open, stamped');
  });

  it('a failure policy decides what becomes of a refused message', async () => {
    const { dispatcher } = await startIn(mode, { providers, settings: { maxAttempts: 3 } });
    expect(await dispatcher.execute(new Knock())).toBe(3);
  });

  it('a filter makes the result of a failure', async () => {
    const { dispatcher } = await startIn(mode, { providers });
    expect(await dispatcher.execute(new Unlock('gate', 'handler'), { headers })).toBe('rescued from a jam');
  });

  it('the guard of one handler of an event keeps no other from it', async () => {
    const { app, dispatcher } = await startIn(mode, { providers });
    await rejectionOf(dispatcher.publishAndWait(new Rung()));
    expect(app.get(Journal).entries).toEqual(['rings']);
  });

  it('the global guard of an application applies where it is asked for', async () => {
    const guard = { provide: APP_GUARD, useValue: { canActivate: () => false } };
    const setup = { providers: [...providers, guard], options: { nestEnhancers: { global: true } } };
    const { app, dispatcher } = await startIn(mode, setup);
    await rejectionOf(dispatcher.execute(new Unlock('gate'), { headers }));
    await rejectionOf(dispatcher.publishAndWait(new Rung()));
    expect(app.get(Journal).entries).toEqual([]);
  });
});
