import { describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { Command, Event, type HandlerContext } from 'nestjs-dispatch';

import { rejectionOf, start } from './application.js';
import { deferred } from './deferred.js';
import { commandHandler, eventHandler } from './handlers.js';

class TakeStep extends Command {
  constructor(readonly left: number) {
    super();
  }
}
class OrderPlaced extends Event {}

describe('a message at the end of a long chain of messages', () => {
  it('has the correlation id and headers of the first, and a signal, however long the chain', async () => {
    const done = deferred<HandlerContext>();
    const stepHandler = commandHandler(TakeStep, async ({ left }, context) => {
      // Not awaited: each handler is done before its successor runs.
      if (left > 0) void Promise.resolve().then(() => context.execute(new TakeStep(left - 1)));
      else done.resolve(context);
    });
    const { dispatcher } = await start({ providers: [stepHandler] });
    await dispatcher.execute(new TakeStep(10_000), { correlationId: 'first', headers: { tenant: 'acme' } });
    const last = await done.promise;
    expect(last.correlationId).toBe('first');
    expect(last.headers).toMatchObject({ tenant: 'acme', correlationId: 'first', causationId: last.causationId });
    expect(last.signal.aborted).toBe(false);
  });

  it('has the message before it as its cause, at every depth', async () => {
    const seen: HandlerContext[] = [];
    const stepHandler = commandHandler(TakeStep, async ({ left }, context) => {
      seen.push(context);
      if (left > 0) await context.execute(new TakeStep(left - 1));
    });
    const { dispatcher } = await start({ providers: [stepHandler] });
    await dispatcher.execute(new TakeStep(100));
    expect(seen.slice(1).map(({ causationId }) => causationId)).toEqual(seen.slice(0, -1).map(({ id }) => id));
  });
});

describe('the idempotency key', () => {
  it('differs for two handlers of one event whose classes have one name', async () => {
    const keys: string[] = [];
    const note = (_event: OrderPlaced, { idempotencyKey }: HandlerContext) => keys.push(idempotencyKey);
    const named = (name: string) => eventHandler(OrderPlaced, note, { name });
    @Module({ providers: [named('OrderPlacedHandler')] })
    class BillingModule {}
    const providers = [named('OrderPlacedHandler'), named('OrderPlacedHandler'), named('Other')];
    const { dispatcher } = await start({ imports: [BillingModule], providers });
    await dispatcher.publish(new OrderPlaced(), { id: '7' });
    expect(keys.toSorted()).toEqual([
      '7:AppModule/OrderPlacedHandler',
      '7:AppModule/OrderPlacedHandler/2',
      '7:BillingModule/OrderPlacedHandler',
      '7:Other',
    ]);
  });

  it('is not shared by several events: publishAll() refuses an id', async () => {
    const { dispatcher } = await start({ providers: [eventHandler(OrderPlaced, () => undefined)] });
    const events = [new OrderPlaced(), new OrderPlaced()];
    expect(await rejectionOf(dispatcher.publishAll(events, { id: '7' }))).toMatchObject({
      code: 'DISPATCH_INVALID_SEND_OPTIONS',
    });
    await expect(dispatcher.publishAll([new OrderPlaced()], { id: '7' })).resolves.toBeUndefined();
  });
});
