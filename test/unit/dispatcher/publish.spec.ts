import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Command, Event, EventBus, Query, type Dispatcher } from 'nestjs-dispatch';

import { start } from './application.js';
import { deferred } from './deferred.js';
import { eventHandler } from './handlers.js';

class OrderPlaced extends Event {
  constructor(readonly orderId = '7') {
    super();
  }
}
class OrderShipped extends Event {}
class PlaceOrder extends Command {}
class GetOrder extends Query {}

const throwing = (error: unknown) => () => {
  throw error;
};
const rejecting = (error: unknown) => async () => {
  throw error;
};

describe('publish', () => {
  it.each<[string, (error: unknown) => () => unknown]>([
    ['throws', throwing],
    ['rejects', rejecting],
  ])('resolves and reaches the other handlers where one %s, now and at the next event', async (_way, failing) => {
    const seen: string[] = [];
    const { dispatcher, log } = await start({
      providers: [
        eventHandler(OrderPlaced, failing(new RangeError('no printer')), { name: 'Printer' }),
        eventHandler(OrderPlaced, (event) => seen.push(event.orderId)),
      ],
    });
    await dispatcher.publish(new OrderPlaced('1'), { id: 'e1' });
    await dispatcher.publish(new OrderPlaced('2'), { id: 'e2' });
    await setImmediate();
    expect(seen).toEqual(['1', '2']);
    expect(log.lines).toEqual([
      'error Printer failed at the event "OrderPlaced" (e1): no printer',
      'error Printer failed at the event "OrderPlaced" (e2): no printer',
    ]);
  });

  it.each([
    ['a text', 'no printer'],
    ['nothing', undefined],
    ['a null', null],
    ['a symbol', Symbol('no printer')],
  ])('logs a handler that throws %s', async (_what, thrown) => {
    const { dispatcher, log } = await start({
      providers: [eventHandler(OrderPlaced, throwing(thrown)), eventHandler(OrderPlaced, rejecting(thrown))],
    });
    await dispatcher.publish(new OrderPlaced(), { id: 'e1' });
    await setImmediate();
    const line = `error OrderPlacedListener failed at the event "OrderPlaced" (e1): ${String(thrown)}`;
    expect(log.lines).toEqual([line, line]);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['a text', 'OrderPlaced'],
    ['the class itself', OrderPlaced],
  ])('rejects %s without throwing, and logs it for those who do not wait', async (_what, event) => {
    const seen: object[] = [];
    const { app, dispatcher, log } = await start({
      providers: [eventHandler(OrderPlaced, (placed) => seen.push(placed))],
    });
    for (const door of [dispatcher, app.get(EventBus)]) {
      let published: Promise<void> | undefined;
      expect(() => {
        published = door.publish(event as object);
      }).not.toThrow();
      await expect(published).rejects.toMatchObject({ code: 'DISPATCH_INVALID_SEND_OPTIONS' });
      // Nobody waits for this one: an unhandled rejection would fail the test.
      void door.publish(event as object);
      await setImmediate();
    }
    expect(log.lines).toHaveLength(4);
    expect(log.lines[0]).toContain('was not published');
    await dispatcher.publish(new OrderPlaced());
    expect(seen).toHaveLength(1);
  });

  it.each<[string, object]>([
    ['without a prototype', Object.create(null) as object],
    ['with a field named constructor', { constructor: 'OrderPlaced' }],
    ['that nobody handles', new OrderShipped()],
  ])('resolves for an object %s', async (_what, event) => {
    const { dispatcher, log } = await start();
    await expect(dispatcher.publish(event)).resolves.toBeUndefined();
    await expect(dispatcher.publishAndWait(event)).resolves.toBeUndefined();
    expect(log.lines).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['a command', new PlaceOrder(), 'it is a command, so send it with execute()'],
    ['a query', new GetOrder(), 'it is a query, so send it with query()'],
    ['a class', OrderPlaced, 'the class itself was sent, send an instance of it'],
  ])('refuses %s in the place of an event, and reports it', async (_what, event, problem) => {
    const { dispatcher, log } = await start({ providers: [eventHandler(OrderPlaced, () => undefined)] });
    await expect(dispatcher.publish(event as object)).rejects.toMatchObject({ problem });
    await expect(dispatcher.publishAndWait(event as object)).rejects.toMatchObject({ problem });
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toContain(problem);
  });

  it('has started every handler in order when it returns, and does not wait for them', async () => {
    const gate = deferred();
    const seen: string[] = [];
    const { dispatcher } = await start({
      providers: ['first', 'second'].map((name) =>
        eventHandler(
          OrderPlaced,
          async () => {
            seen.push(`${name} started`);
            await gate.promise;
            seen.push(`${name} done`);
          },
          { name },
        ),
      ),
    });
    const published = dispatcher.publish(new OrderPlaced());
    expect(seen).toEqual(['first started', 'second started']);
    await published;
    expect(seen).toHaveLength(2);
    gate.resolve();
    await dispatcher.publishAndWait(new OrderPlaced());
    expect(seen.filter((line) => line.endsWith('done'))).toHaveLength(4);
  });
});

describe('publishAll', () => {
  const doors: [string, (dispatcher: Dispatcher, bus: EventBus) => (events: object[]) => Promise<void>][] = [
    ['Dispatcher', (dispatcher) => (events) => dispatcher.publishAll(events)],
    ['EventBus', (_dispatcher, bus) => (events) => bus.publishAll(events)],
  ];

  it.each(doors)('of the %s publishes in order, past one that is refused', async (_name, open) => {
    const seen: string[] = [];
    const { app, dispatcher, log } = await start({
      providers: [
        eventHandler(OrderPlaced, ({ orderId }) => seen.push(`placed ${orderId}`)),
        eventHandler(OrderShipped, () => seen.push('shipped')),
      ],
    });
    const publishAll = open(dispatcher, app.get(EventBus));
    const events = [new OrderPlaced('1'), new OrderShipped(), new OrderPlaced('2')];
    await publishAll(events);
    expect(seen).toEqual(['placed 1', 'shipped', 'placed 2']);
    await expect(dispatcher.publishAll([null as never, ...events])).rejects.toMatchObject({
      code: 'DISPATCH_INVALID_SEND_OPTIONS',
    });
    expect(seen).toHaveLength(6);
    expect(log.lines).toHaveLength(1);
  });

  it('rejects, and does not throw at once, for what is no list', async () => {
    const { dispatcher } = await start();
    const published = dispatcher.publishAll('OrderPlaced' as never);
    await expect(published).rejects.toThrow('publishAll() takes an array of events');
  });

  it.each(doors)('of the %s resolves for no events', async (_name, open) => {
    const { app, dispatcher } = await start();
    await expect(open(dispatcher, app.get(EventBus))([])).resolves.toBeUndefined();
  });
});
