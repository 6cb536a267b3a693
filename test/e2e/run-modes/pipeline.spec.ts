import { setTimeout } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, type Provider } from '@nestjs/common';
import {
  AfterHandle,
  BeforeHandle,
  Behavior,
  Command,
  CommandHandler,
  isDispatchError,
  UseBehaviors,
  type HandlerContext,
  type Next,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { deferred } from '../../unit/dispatcher/deferred.js';
import { MODES, startIn } from './modes.js';
import { Journal } from './orders.js';

class Wash extends Command<string> {
  constructor(readonly flaw?: 'before' | 'handler' | 'after' | 'behavior') {
    super();
  }
}

function noteAs(name: string) {
  @Injectable()
  class Noting {
    constructor(@Inject(Journal) private readonly journal: Journal) {}

    async handle(context: HandlerContext, next: Next): Promise<unknown> {
      this.journal.note(name, 'in', context.name, context.message instanceof Wash);
      const result = await next();
      this.journal.note(name, 'out', result);
      return `${String(result)}, ${name}`;
    }
  }
  return Noting;
}

@Behavior({ priority: -10 })
class Outer extends noteAs('outer') {}
@Behavior({ priority: 10, appliesTo: 'named' })
class Inner extends noteAs('inner') {}

@Behavior()
class Refusing {
  handle({ message }: HandlerContext, next: Next): Promise<unknown> {
    if (message instanceof Wash && message.flaw === 'behavior') throw new RangeError('at behavior');
    return next();
  }
}

@CommandHandler(Wash)
@UseBehaviors(Inner)
class WashHandler {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  @BeforeHandle()
  check({ flaw }: Wash): void {
    this.journal.note('before');
    if (flaw === 'before') throw new RangeError('at before');
  }

  execute({ flaw }: Wash): string {
    this.journal.note('handler');
    if (flaw === 'handler') throw new RangeError('at handler');
    return 'washed';
  }

  @AfterHandle()
  check2(result: string, { message }: HandlerContext): void {
    this.journal.note('after', result);
    if (message instanceof Wash && message.flaw === 'after') throw new RangeError('at after');
  }
}

const providers: Provider[] = [Journal, Outer, Inner, Refusing, WashHandler];
const wayIn = ['outer in Wash true', 'inner in Wash true', 'before', 'handler', 'after washed'];

/** Takes as long as it is let. */
class Dry extends Command {}

@CommandHandler(Dry, { timeoutMs: 100 })
class DryHandler {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  async execute(_dry: Dry, { signal }: HandlerContext): Promise<void> {
    await setTimeout(30_000, undefined, { signal }).catch(() => undefined);
    this.journal.note(isDispatchError(signal.reason, 'DISPATCH_HANDLER_TIMEOUT'));
    signal.throwIfAborted();
  }
}

class Iron extends Command {}

@CommandHandler(Iron)
class IronHandler {
  readonly started = deferred();
  readonly stopped = deferred<boolean>();

  async execute(_iron: Iron, { signal }: HandlerContext): Promise<void> {
    this.started.resolve();
    await setTimeout(30_000, undefined, { signal }).catch(() => undefined);
    this.stopped.resolve(signal.aborted);
    signal.throwIfAborted();
  }
}

describe.each(MODES)('through $name', (mode) => {
  it('behaviors and hooks stand around a handler in one order, and what they return goes on', async () => {
    const { app, dispatcher } = await startIn(mode, { providers });
    expect(await dispatcher.execute(new Wash())).toBe('washed, inner, outer');
    expect(app.get(Journal).entries).toEqual([...wayIn, 'inner out washed', 'outer out washed, inner']);
  });

  it.each([
    ['behavior', wayIn.slice(0, 1)],
    ['before', wayIn.slice(0, 3)],
    ['handler', wayIn.slice(0, 4)],
    ['after', wayIn],
  ] as const)('a throw in %s ends the message there, and the next one is handled', async (flaw, entries) => {
    const { app, dispatcher } = await startIn(mode, { providers });
    expect(await rejectionOf(dispatcher.execute(new Wash(flaw)))).toMatchObject({ message: `at ${flaw}` });
    expect(app.get(Journal).entries).toEqual(entries);
    expect(await dispatcher.execute(new Wash())).toBe('washed, inner, outer');
  });

  it('a handler that takes longer than it may is told to stop, and its caller that it took too long', async () => {
    const { app, dispatcher } = await startIn(mode, { providers: [Journal, DryHandler] });
    const error = await rejectionOf(dispatcher.execute(new Dry()));
    expect(isDispatchError(error, 'DISPATCH_HANDLER_TIMEOUT')).toBe(true);
    expect(error).toMatchObject({ name: 'HandlerTimeoutError', message: expect.stringContaining('within 100 ms') });
    await app.close();
    expect(app.get(Journal).entries).toEqual(['true']);
  });

  it("a caller's signal tells a running handler to stop, and the caller's promise rejects", async () => {
    const { app, dispatcher } = await startIn(mode, { providers: [IronHandler] });
    const giving = new AbortController();
    const { started, stopped } = app.get(IronHandler);
    const end = rejectionOf(dispatcher.execute(new Iron(), { signal: giving.signal }));
    await started.promise;
    giving.abort(new RangeError('no longer wanted'));
    expect(await stopped.promise).toBe(true);
    expect(await end).toBeInstanceOf(Error);
  });
});
