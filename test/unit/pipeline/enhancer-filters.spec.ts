import { describe, expect, it } from '@jest/globals';
import {
  Catch,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { Command, CommandHandler, DispatchExecutionContext, type HandlerContext } from 'nestjs-dispatch';
import { EMPTY, EmptyError, of, type Observable } from 'rxjs';

import { rejectionOf, start } from '../dispatcher/application.js';

class Fail extends Command<unknown> {
  constructor(readonly answer?: unknown) {
    super();
  }
}

@Catch(RangeError)
class Rescue implements ExceptionFilter {
  catch(error: RangeError, host: ArgumentsHost): unknown {
    const answer = DispatchExecutionContext.from<Fail>(host)?.getMessage().answer;
    if (answer === 'other') throw new TypeError('of the filter', { cause: error });
    return answer;
  }
}

@Catch()
class Farther implements ExceptionFilter {
  catch(): string {
    return 'farther';
  }
}

@CommandHandler(Fail)
@UseFilters(Farther)
class FailHandler {
  @UseFilters(Rescue)
  execute({ answer }: Fail): void {
    if (answer === 'unrelated') throw new SyntaxError('of the handler');
    throw new RangeError('of the handler');
  }
}

describe('an exception filter of a handler', () => {
  it.each([
    ['a value', 'saved', 'saved'],
    ['null', null, null],
    ['a promise', Promise.resolve('later'), 'later'],
    ['an Observable, its last value', of('first', 'last'), 'last'],
  ])('makes %s that it returns the result', async (_what, answer, result) => {
    const { dispatcher } = await start({ providers: [FailHandler] });
    expect(await dispatcher.execute(new Fail(answer))).toBe(result);
  });

  it.each([
    ['undefined', undefined],
    ['a promise of undefined', Promise.resolve()],
    ['an Observable that emits nothing', EMPTY],
  ])('leaves the failure as it is by returning %s, and no other filter is asked', async (_what, answer) => {
    const { dispatcher } = await start({ providers: [FailHandler] });
    expect(await rejectionOf(dispatcher.execute(new Fail(answer)))).toEqual(new RangeError('of the handler'));
  });

  it('puts the error it throws in the place of the first', async () => {
    const { dispatcher } = await start({ providers: [FailHandler] });
    expect(await rejectionOf(dispatcher.execute(new Fail('other')))).toEqual(new TypeError('of the filter'));
  });

  it('is passed over where it does not catch the class of the error, for one farther out', async () => {
    const { dispatcher } = await start({ providers: [FailHandler] });
    expect(await dispatcher.execute(new Fail('unrelated'))).toBe('farther');
  });

  it('takes what a guard throws as well', async () => {
    class Refuse extends Command<unknown> {}
    @CommandHandler(Refuse)
    @UseGuards({ canActivate: () => false })
    @UseFilters(Farther)
    class RefuseHandler {
      execute(): void {}
    }
    const { dispatcher } = await start({ providers: [RefuseHandler] });
    expect(await dispatcher.execute(new Refuse())).toBe('farther');
  });

  it('takes the EmptyError of an interceptor that emits nothing, which is a failure where nobody catches it', async () => {
    class Silence extends Command<unknown> {}
    const silent = { intercept: (): Observable<never> => EMPTY };
    @CommandHandler(Silence)
    @UseInterceptors(silent)
    class SilentHandler {
      execute(): string {
        return 'unheard';
      }
    }
    class Caught extends Command<unknown> {}
    @CommandHandler(Caught)
    @UseInterceptors(silent)
    @UseFilters(Farther)
    class CaughtHandler extends SilentHandler {}
    const { dispatcher } = await start({ providers: [SilentHandler, CaughtHandler] });
    expect(await rejectionOf(dispatcher.execute(new Silence()))).toBeInstanceOf(EmptyError);
    expect(await dispatcher.execute(new Caught())).toBe('farther');
  });

  it('is not asked about a handler that was told to stop', async () => {
    class Stop extends Command<unknown> {}
    const controller = new AbortController();
    @CommandHandler(Stop)
    @UseFilters(Farther)
    class StopHandler {
      execute(_stop: Stop, { signal }: HandlerContext): void {
        controller.abort(new RangeError('enough'));
        signal.throwIfAborted();
      }
    }
    const { dispatcher } = await start({ providers: [StopHandler] });
    const stopped = dispatcher.execute(new Stop(), { signal: controller.signal });
    expect(await rejectionOf(stopped)).toEqual(new RangeError('enough'));
  });
});
