import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Command, CommandBus, Event, EventBus, Query, QueryBus, type DispatchOptions } from 'nestjs-dispatch';
import { map } from 'rxjs';

import { start } from '../dispatcher/application.js';
import { commandHandler, eventHandler, queryHandler } from '../dispatcher/handlers.js';

class PlaceOrder extends Command<string> {}
class GetOrder extends Query<string> {}
class OrderPlaced extends Event {}

async function startShop(options: DispatchOptions = {}) {
  const handled: object[] = [];
  const application = await start({
    options,
    providers: [
      commandHandler(PlaceOrder, () => 'placed'),
      queryHandler(GetOrder, () => 'order'),
      eventHandler(OrderPlaced, (event) => handled.push(event)),
    ],
  });
  const { app } = application;
  return {
    ...application,
    handled,
    commands: app.get(CommandBus),
    queries: app.get(QueryBus),
    events: app.get(EventBus),
  };
}

const failing: [string, () => unknown][] = [
  [
    'throws',
    () => {
      throw new RangeError('broken');
    },
  ],
  ['rejects', () => Promise.reject(new RangeError('broken'))],
];

describe('a subscriber of a bus', () => {
  it.each(failing)('that %s is logged, stays subscribed and harms nobody', async (_how, fail) => {
    const { commands, queries, events, handled, log } = await startShop();
    const seen: object[] = [];
    for (const bus of [commands, queries, events]) {
      bus.subscribe((message) => {
        seen.push(message);
        return fail();
      });
    }
    for (let round = 0; round < 2; round += 1) {
      expect(await commands.execute(new PlaceOrder())).toBe('placed');
      expect(await queries.execute(new GetOrder())).toBe('order');
      await events.publish(new OrderPlaced());
    }
    await setImmediate();
    expect(seen).toHaveLength(6);
    expect(handled).toHaveLength(2);
    expect(log.lines).toEqual(Array.from({ length: 6 }, () => 'error A subscriber has thrown.'));
  });

  it('whose operator throws loses its own subscription only', async () => {
    const { commands, log } = await startShop();
    const seen: object[] = [];
    commands
      .pipe(
        map(() => {
          throw new RangeError('in map');
        }),
      )
      .subscribe();
    commands.subscribe((command) => seen.push(command));
    await commands.execute(new PlaceOrder());
    await commands.execute(new PlaceOrder());
    expect(seen).toHaveLength(2);
    expect(log.lines).toEqual(['error A subscriber has thrown.']);
  });

  it('sees what is sent through the dispatcher and through contexts too, and completes at the end', async () => {
    const { app, dispatcher, commands, queries, events } = await startShop();
    const seen: string[] = [];
    for (const bus of [commands, queries, events]) {
      bus.subscribe({ next: (message) => seen.push(message.constructor.name), complete: () => seen.push('complete') });
    }
    await dispatcher.execute(new PlaceOrder());
    await dispatcher.query(new GetOrder());
    await dispatcher.publish(new OrderPlaced());
    await dispatcher.publishAndWait(new OrderPlaced());
    await app.close();
    expect(seen).toEqual(['PlaceOrder', 'GetOrder', 'OrderPlaced', 'OrderPlaced', 'complete', 'complete', 'complete']);
  });
});

describe('a custom publisher', () => {
  it('of commands that throws rejects the command, and the next one is handled', async () => {
    const failures = [new RangeError('broken')];
    const { commands } = await startShop({
      commandPublisher: {
        publish: () => {
          const failure = failures.pop();
          if (failure !== undefined) throw failure;
        },
      },
    });
    await expect(commands.execute(new PlaceOrder())).rejects.toThrow('broken');
    expect(await commands.execute(new PlaceOrder())).toBe('placed');
  });

  it('of commands or queries that rejects is logged, and the message is handled', async () => {
    const publisher = { publish: () => Promise.reject(new RangeError('broken')) };
    const { commands, queries, log } = await startShop({ commandPublisher: publisher, queryPublisher: publisher });
    expect(await commands.execute(new PlaceOrder())).toBe('placed');
    expect(await queries.execute(new GetOrder())).toBe('order');
    await setImmediate();
    expect(log.lines).toEqual([
      expect.stringMatching(/^error .*custom publisher/),
      expect.stringMatching(/^error .*custom publisher/),
    ]);
  });

  it.each(failing)('of events that %s rejects publish, is logged, and is asked again', async (_how, fail) => {
    let callCount = 0;
    const publish = () => {
      callCount += 1;
      return fail();
    };
    const { events, log, handled } = await startShop({ eventPublisher: { publish } });
    await expect(events.publish(new OrderPlaced())).rejects.toThrow('broken');
    await expect(events.publishAll([new OrderPlaced()])).rejects.toThrow('broken');
    // Nobody waits for this one: an unhandled rejection would fail the test.
    void events.publish(new OrderPlaced());
    await setImmediate();
    expect(callCount).toBe(3);
    expect(log.lines).toHaveLength(3);
    expect(handled).toEqual([]);
  });

  it('of commands and queries is told of each that goes through the bus', async () => {
    const told: object[] = [];
    const publisher = { publish: (message: object) => void told.push(message) };
    const { commands, queries } = await startShop({ commandPublisher: publisher, queryPublisher: publisher });
    const [command, query] = [new PlaceOrder(), new GetOrder()];
    expect([await commands.execute(command), await queries.execute(query)]).toEqual(['placed', 'order']);
    expect(told).toEqual([command, query]);
  });

  it('of events takes them elsewhere, and subject$ brings them back to the handlers', async () => {
    const elsewhere: object[] = [];
    const { events, handled } = await startShop({ eventPublisher: { publish: (event) => elsewhere.push(event) } });
    const event = new OrderPlaced();
    await events.publish(event);
    expect([elsewhere, handled]).toEqual([[event], []]);
    events.subject$.next(event);
    expect(handled).toEqual([event]);
  });
});
