import { afterEach, describe, expect, it } from '@jest/globals';

import {
  Command,
  CommandHandler,
  Message,
  RunMode,
  TaskStartedNotification,
  type HandlerContext,
} from 'nestjs-dispatch';

import { collect, startQueued, until, type QueuedApplication } from '../../run-modes/queued-application.js';
import { mistakesOf, rejectionOf } from '../application.js';

@Message('orders.ship', { key: ({ customer }: ShipOrder) => customer })
class ShipOrder extends Command<string> {
  constructor(
    readonly customer: string | undefined,
    readonly fails = false,
  ) {
    super();
  }
}

@CommandHandler(ShipOrder)
class ShipOrderHandler {
  async execute({ fails }: ShipOrder, context: HandlerContext) {
    if (fails && context.attempt === 1) throw new Error('not yet');
    return `${context.key}`;
  }
}

describe('the key that @Message reads from a message', () => {
  let application: QueuedApplication | undefined;

  afterEach(async () => {
    await application?.app.close();
    application = undefined;
  });

  it('keeps the order of what is about the same, over a retry', async () => {
    application = await startQueued({
      providers: [ShipOrderHandler],
      options: { queues: { defaults: { concurrency: 5 } } },
    });
    const { dispatcher } = application;
    const started = collect(application, TaskStartedNotification);
    await Promise.all([
      dispatcher.execute(new ShipOrder('ada', true), { id: 'first' }),
      dispatcher.execute(new ShipOrder('ada'), { id: 'second' }),
    ]);
    await until('the attempts to be told', () => started.length === 3);
    expect(started.map(({ context }) => context.id)).toEqual(['first', 'first', 'second']);
  });

  it("gives way to the key of the call, and is there in the caller's turn too", async () => {
    application = await startQueued({ providers: [ShipOrderHandler] });
    const { dispatcher } = application;
    expect(await dispatcher.execute(new ShipOrder('ada'), { key: 'bob' })).toBe('bob');
    expect(await dispatcher.execute(new ShipOrder('ada'), { runMode: RunMode.Sync })).toBe('ada');
    expect(await dispatcher.execute(new ShipOrder(undefined))).toBe('undefined');
  });

  it('is refused where it is no text, and the next message is handled', async () => {
    application = await startQueued({ providers: [ShipOrderHandler] });
    const { dispatcher } = application;
    expect(await rejectionOf(dispatcher.execute(new ShipOrder('')))).toMatchObject({
      code: 'DISPATCH_INVALID_SEND_OPTIONS',
      problem: 'its key is "", not a text',
    });
    expect(await dispatcher.execute(new ShipOrder('ada'))).toBe('ada');
  });

  it('is a mistake where it is no function', async () => {
    @Message('orders.cancel', { key: 'customer' as never })
    class CancelOrder extends Command {}
    @CommandHandler(CancelOrder)
    class CancelOrderHandler {
      async execute() {}
    }
    const mistakes = await mistakesOf({ providers: [CancelOrderHandler] });
    expect(mistakes).toEqual([
      { rule: 'invalid-message', text: expect.stringMatching(/^The key of CancelOrder is "customer"/) },
    ]);
  });
});
