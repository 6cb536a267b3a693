import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Scope } from '@nestjs/common';
import {
  AfterHandle,
  BeforeHandle,
  Command,
  CommandHandler,
  Event,
  EventsHandler,
  type HandlerContext,
} from 'nestjs-dispatch';

import { start } from '../dispatcher/application.js';

class PlaceOrder extends Command<string> {
  constructor(readonly flaw: 'before' | 'handler' | 'after' | 'none' = 'none') {
    super();
  }
}
class OrderPlaced extends Event {}

/** What the hooks and the handler of one application did. */
@Injectable()
class Diary {
  readonly entries: string[] = [];
}

@CommandHandler(PlaceOrder)
class PlaceOrderHandler {
  constructor(@Inject(Diary) protected readonly diary: Diary) {}

  @BeforeHandle()
  async check({ flaw }: PlaceOrder, context: HandlerContext): Promise<void> {
    await Promise.resolve();
    this.diary.entries.push(`before ${context.name}`);
    if (flaw === 'before') throw new RangeError('at before');
  }

  execute({ flaw }: PlaceOrder): string {
    this.diary.entries.push('handler');
    if (flaw === 'handler') throw new RangeError('at handler');
    return 'placed';
  }

  @AfterHandle()
  note(result: string, context: HandlerContext): void {
    this.diary.entries.push(`after ${result} ${context.name}`);
    if (context.message instanceof PlaceOrder && context.message.flaw === 'after') throw new RangeError('at after');
  }
}

describe('hooks of a handler', () => {
  it.each([
    ['before', ['before PlaceOrder']],
    ['handler', ['before PlaceOrder', 'handler']],
    ['after', ['before PlaceOrder', 'handler', 'after placed PlaceOrder']],
  ] as const)('stop at a throw in %s, and the next command is handled', async (flaw, entries) => {
    const { app, dispatcher } = await start({ providers: [Diary, PlaceOrderHandler] });
    await expect(dispatcher.execute(new PlaceOrder(flaw))).rejects.toThrow(new RangeError(`at ${flaw}`));
    expect(app.get(Diary).entries).toEqual(entries);
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
  });

  it('run around the handling method, in order', async () => {
    const { app, dispatcher } = await start({ providers: [Diary, PlaceOrderHandler] });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
    expect(app.get(Diary).entries).toEqual(['before PlaceOrder', 'handler', 'after placed PlaceOrder']);
  });

  it('are inherited, those of the base first', async () => {
    @CommandHandler(PlaceOrder)
    class StrictHandler extends PlaceOrderHandler {
      @BeforeHandle()
      checkTwice(): void {
        this.diary.entries.push('checked twice');
      }
    }
    const { app, dispatcher } = await start({ providers: [Diary, StrictHandler] });
    await dispatcher.execute(new PlaceOrder());
    expect(app.get(Diary).entries.slice(0, 2)).toEqual(['before PlaceOrder', 'checked twice']);
  });

  it('run on the instance that handles the message where the handler is request-scoped', async () => {
    @CommandHandler(PlaceOrder, { scope: Scope.REQUEST })
    class ScopedHandler {
      private customer = 'nobody';

      @BeforeHandle()
      load(): void {
        this.customer += '!';
      }

      execute(): string {
        return this.customer;
      }
    }
    const { dispatcher } = await start({ providers: [ScopedHandler] });
    expect([await dispatcher.execute(new PlaceOrder()), await dispatcher.execute(new PlaceOrder())]).toEqual([
      'nobody!',
      'nobody!',
    ]);
  });

  it('of an event handler that throw are reported like the handler', async () => {
    @EventsHandler(OrderPlaced)
    class Mailer {
      @BeforeHandle()
      connect(): void {
        throw new RangeError('no mail server');
      }

      handle(): void {}
    }
    const { dispatcher, log } = await start({ providers: [Mailer] });
    await dispatcher.publish(new OrderPlaced(), { id: 'e1' });
    await setImmediate();
    expect(log.lines).toEqual(['error Mailer failed at the event "OrderPlaced" (e1): no mail server']);
  });
});
