import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Command, defineSource, Event, EventBus, hasFields, Query } from 'nestjs-dispatch';

import { rejectionOf, start } from '../dispatcher/application.js';
import { deferred } from '../dispatcher/deferred.js';
import { commandHandler, eventHandler, queryHandler } from '../dispatcher/handlers.js';

class PlaceOrder extends Command<unknown> {}
class ReserveStock extends Command<string> {}
class GetOrder extends Query<string> {}
class OrderPlaced extends Event {}

describe('a message sent while the application closes', () => {
  /** An application that is closing, with one handler still running. */
  async function startClosing() {
    const gate = deferred();
    const handled: string[] = [];
    const { app, dispatcher, log } = await start({
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          await gate.promise;
          await dispatcher.publish(new OrderPlaced());
          return context.execute(new ReserveStock());
        }),
        commandHandler(ReserveStock, () => 'reserved'),
        queryHandler(GetOrder, () => 'order'),
        eventHandler(OrderPlaced, () => handled.push('event')),
      ],
    });
    const answer = dispatcher.execute(new PlaceOrder());
    const closed = app.close();
    await setImmediate();
    return { app, dispatcher, log, answer, closed, gate, handled };
  }

  it('is refused from outside, and the handler that runs goes on', async () => {
    const { app, dispatcher, log, answer, closed, gate, handled } = await startClosing();
    const refusals = await Promise.all(
      [
        dispatcher.execute(new ReserveStock()),
        dispatcher.query(new GetOrder()),
        dispatcher.publish(new OrderPlaced()),
        dispatcher.publishAll([new OrderPlaced()]),
        dispatcher.publishAndWait(new OrderPlaced()),
        dispatcher.process('{}'),
        app.get(EventBus).publish(new OrderPlaced()),
      ].map(rejectionOf),
    );
    expect(refusals.map((error) => (error as { code?: unknown }).code)).toEqual(refusals.map(() => 'DISPATCH_CLOSED'));
    expect(handled).toEqual([]);
    expect(log.lines).toHaveLength(3);
    gate.resolve();
    expect(await answer).toBe('reserved');
    await closed;
  });

  it('is accepted from a handler that runs, through its context and through a plain service', async () => {
    const { answer, closed, gate, handled } = await startClosing();
    gate.resolve();
    expect(await answer).toBe('reserved');
    expect(handled).toEqual(['event']);
    await closed;
  });

  it('is logged where it is an event nobody waits for, and becomes no unhandled rejection', async () => {
    const { app, dispatcher, log } = await start();
    await app.close();
    void dispatcher.publish(new OrderPlaced());
    void dispatcher.publishAll([new OrderPlaced()]);
    void app.get(EventBus).publish(new OrderPlaced());
    // Jest fails the test for an unhandled rejection, which Node finds once the turn is over.
    await setImmediate();
    const line = expect.stringMatching(/^error The event OrderPlaced was not published: .*shutting down/);
    expect(log.lines).toEqual([line, line, line]);
  });

  it('is refused where a handler left it to a timer and the application has closed since', async () => {
    const gate = deferred();
    const late = deferred<unknown>();
    const { app, dispatcher } = await start({
      providers: [
        commandHandler(PlaceOrder, (_command, context) => {
          const send = () => rejectionOf(context.execute(new ReserveStock()));
          void gate.promise.then(send).then(late.resolve, late.resolve);
        }),
        commandHandler(ReserveStock, () => 'reserved'),
      ],
    });
    await dispatcher.execute(new PlaceOrder());
    await app.close();
    gate.resolve();
    expect(await late.promise).toMatchObject({ code: 'DISPATCH_CLOSED' });
  });
});

describe('a foreign message that came in before the application closes', () => {
  it.each<[string, string]>([
    ['command', 'ReserveStock'],
    ['event', 'OrderPlaced'],
  ])('is handled where it is parsed only afterwards: a %s', async (_kind, key) => {
    const gate = deferred();
    const handled: string[] = [];
    const hub = defineSource({
      name: 'hub',
      match: hasFields('key'),
      parse: async () => {
        await gate.promise;
        return { key, payload: {} };
      },
    });
    const { app, dispatcher } = await start({
      options: { sources: [hub] },
      providers: [
        commandHandler(ReserveStock, (_command, context) => handled.push(context.name)),
        eventHandler(OrderPlaced, (_event, context) => handled.push(context.name)),
      ],
    });
    const processed = dispatcher.process('{"key":1}');
    const closed = app.close();
    await setImmediate();
    gate.resolve();
    expect(await processed).toMatchObject({ outcome: 'handled', key });
    await closed;
    expect(handled).toEqual([key]);
  });
});

describe('a fresh application', () => {
  it('works after another one has closed', async () => {
    const providers = [commandHandler(ReserveStock, () => 'reserved')];
    const first = await start({ providers });
    await first.app.close();
    await expect(first.dispatcher.execute(new ReserveStock())).rejects.toMatchObject({ code: 'DISPATCH_CLOSED' });
    const second = await start({ providers });
    expect(await second.dispatcher.execute(new ReserveStock())).toBe('reserved');
  });
});
