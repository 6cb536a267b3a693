import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Command, Event, ofType, Saga, UnhandledExceptionBus, type UnhandledExceptionInfo } from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { start } from '../dispatcher/application.js';
import { commandHandler, eventHandler } from '../dispatcher/handlers.js';

class OrderPlaced extends Event {}
class OrderShipped extends Event {}
class ShipOrder extends Command {}

const printer = new RangeError('no printer');
const truck = new TypeError('no truck');
const failing = eventHandler(OrderPlaced, () => Promise.reject(printer));

@Injectable()
class ShippingSaga {
  @Saga()
  ship(events$: Observable<object>): Observable<ShipOrder> {
    return events$.pipe(
      ofType(OrderShipped),
      map(() => new ShipOrder()),
    );
  }
}

describe('the failure stream', () => {
  it('outlives a subscriber that throws, whose error is logged', async () => {
    const { app, dispatcher, log } = await start({ providers: [failing] });
    const seen: unknown[] = [];
    const bus = app.get(UnhandledExceptionBus);
    bus.subscribe(() => {
      throw new Error('subscriber is broken');
    });
    bus.subscribe(({ exception }) => seen.push(exception));
    await dispatcher.publish(new OrderPlaced());
    await dispatcher.publish(new OrderPlaced());
    await setImmediate();
    expect(seen).toEqual([printer, printer]);
    expect(log.lines.filter((line) => line.includes('A subscriber has thrown'))).toHaveLength(2);
  });

  it('shows failures of event handlers and of what sagas send, each with its cause', async () => {
    const { app, dispatcher } = await start({
      providers: [failing, ShippingSaga, commandHandler(ShipOrder, () => Promise.reject(truck))],
    });
    const seen: UnhandledExceptionInfo[] = [];
    app.get(UnhandledExceptionBus).subscribe((info) => seen.push(info));
    const placed = new OrderPlaced();
    await dispatcher.publish(placed);
    await dispatcher.publish(new OrderShipped());
    await setImmediate();
    expect(seen).toEqual([
      { exception: printer, cause: placed },
      { exception: truck, cause: new ShipOrder() },
    ]);
  });

  it.each<[string, () => unknown]>([
    [
      'at once',
      () => {
        throw Object.create(null);
      },
    ],
    [
      'later',
      async () => {
        throw Object.create(null);
      },
    ],
  ])('shows what cannot be shown as text, thrown %s', async (_when, unprintable) => {
    const { app, dispatcher, log } = await start({ providers: [eventHandler(OrderPlaced, unprintable)] });
    const seen: unknown[] = [];
    app.get(UnhandledExceptionBus).subscribe(({ exception }) => seen.push(exception));
    await dispatcher.publish(new OrderPlaced());
    await setImmediate();
    expect(seen).toHaveLength(1);
    expect(log.lines[0]).toContain('a value that cannot be shown as text');
  });

  it('does not show what a caller sees', async () => {
    const { app, dispatcher } = await start({ providers: [commandHandler(ShipOrder, () => Promise.reject(truck))] });
    const seen: unknown[] = [];
    app.get(UnhandledExceptionBus).subscribe((info) => seen.push(info));
    await expect(dispatcher.execute(new ShipOrder())).rejects.toBe(truck);
    expect(seen).toEqual([]);
  });
});

describe('the log line of a failure', () => {
  it('names a class that was published in the place of an event, without its source', async () => {
    const { dispatcher, log } = await start();
    await expect(dispatcher.publish(OrderPlaced as object)).rejects.toMatchObject({
      code: 'DISPATCH_INVALID_SEND_OPTIONS',
    });
    expect(log.lines).toEqual([expect.stringMatching(/^error The event OrderPlaced was not published: [^{]*$/)]);
  });
});

describe('a custom publisher of failures', () => {
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('collector is down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('collector is down'))],
  ])('that %s is logged, and the next failure goes to it again', async (_way, fail) => {
    const infos: UnhandledExceptionInfo[] = [];
    const publish = (info: UnhandledExceptionInfo) => {
      infos.push(info);
      return fail();
    };
    const { dispatcher, log } = await start({
      options: { unhandledExceptionPublisher: { publish } },
      providers: [failing],
    });
    await dispatcher.publish(new OrderPlaced());
    await setImmediate();
    await dispatcher.publish(new OrderPlaced());
    await setImmediate();
    expect(infos).toHaveLength(2);
    expect(log.lines.filter((line) => line.startsWith('error The custom publisher'))).toHaveLength(2);
  });
});
