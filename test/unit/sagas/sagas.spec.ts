import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import {
  Command,
  Dispatcher,
  Event,
  Notifications,
  ofType,
  Query,
  Saga,
  SagaReactedNotification,
  type HandlerContext,
  type ISaga,
} from 'nestjs-dispatch';
import { map, take, tap, type Observable } from 'rxjs';

import { start } from '../dispatcher/application.js';
import { deferred } from '../dispatcher/deferred.js';
import { commandHandler, eventHandler, queryHandler } from '../dispatcher/handlers.js';

class OrderPlaced extends Event {
  constructor(readonly orderId: string) {
    super();
  }
}
class ShipOrder extends Command {
  constructor(readonly orderId: string) {
    super();
  }
}
class BillOrder extends Command {
  constructor(readonly orderId: string) {
    super();
  }
}

/** Each value of an Observable, as it comes. */
async function* eachOf<T>(source: Observable<T>): AsyncGenerator<T> {
  const values: T[] = [];
  let arrival = deferred();
  source.subscribe((value) => {
    values.push(value);
    arrival.resolve();
  });
  for (;;) {
    await arrival.promise;
    arrival = deferred();
    yield* values.splice(0);
  }
}

/** The commands that the sagas of a provider send for orders 1 and 2. */
async function commandsOf(sagas: new () => object): Promise<string[]> {
  const commands: string[] = [];
  const note = (command: ShipOrder | BillOrder) => {
    commands.push(`${command.constructor.name} ${command.orderId}`);
  };
  const { dispatcher } = await start({
    providers: [sagas, commandHandler(ShipOrder, note), commandHandler(BillOrder, note)],
  });
  await dispatcher.publish(new OrderPlaced('1'));
  await dispatcher.publish(new OrderPlaced('2'));
  await setImmediate();
  return commands;
}

describe('a saga', () => {
  it('sends the commands it emits, one or several at once', async () => {
    @Injectable()
    class OrderSagas {
      @Saga()
      ship(events$: Observable<object>): Observable<ShipOrder> {
        return events$.pipe(
          ofType(OrderPlaced),
          map(({ orderId }) => new ShipOrder(orderId)),
        );
      }

      @Saga()
      both(events$: Observable<object>): Observable<readonly Command[]> {
        return events$.pipe(
          ofType(OrderPlaced),
          map(({ orderId }) => [new BillOrder(orderId), new ShipOrder(orderId)]),
        );
      }
    }
    const perOrder = (id: string) => [`ShipOrder ${id}`, `BillOrder ${id}`, `ShipOrder ${id}`];
    expect(await commandsOf(OrderSagas)).toEqual([...perOrder('1'), ...perOrder('2')]);
  });

  it('may be an async generator', async () => {
    @Injectable()
    class OrderSagas {
      @Saga()
      async *ship(events$: Observable<object>): AsyncGenerator<ShipOrder | undefined> {
        for await (const event of eachOf(events$)) {
          if (event instanceof OrderPlaced) yield new ShipOrder(event.orderId);
        }
      }
    }
    expect(await commandsOf(OrderSagas)).toEqual(['ShipOrder 1', 'ShipOrder 2']);
  });

  it('may be a property that holds a function', async () => {
    @Injectable()
    class OrderSagas {
      @Saga()
      readonly ship: ISaga = (events$) => this.shipping(events$);

      private shipping(events$: Observable<object>): Observable<ShipOrder> {
        return events$.pipe(
          ofType(OrderPlaced),
          map(({ orderId }) => new ShipOrder(orderId)),
        );
      }
    }
    expect(await commandsOf(OrderSagas)).toEqual(['ShipOrder 1', 'ShipOrder 2']);
  });

  it('is over once its stream completes', async () => {
    @Injectable()
    class OrderSagas {
      @Saga()
      shipFirst(events$: Observable<object>): Observable<ShipOrder> {
        return events$.pipe(
          ofType(OrderPlaced),
          take(1),
          map(({ orderId }) => new ShipOrder(orderId)),
        );
      }
    }
    expect(await commandsOf(OrderSagas)).toEqual(['ShipOrder 1']);
  });

  it('is told when the application closes, by the end of its own stream', async () => {
    const endings: string[] = [];
    @Injectable()
    class OrderSagas {
      @Saga()
      watch(events$: Observable<object>): Observable<object> {
        return events$.pipe(ofType(ShipOrder), tap({ unsubscribe: () => endings.push('unsubscribed') }));
      }
    }
    const { app } = await start({ providers: [OrderSagas] });
    await app.close();
    expect(endings).toEqual(['unsubscribed']);
  });
});

describe('what a saga sends', () => {
  class CountOrders extends Query<void> {}

  @Injectable()
  class AskingSaga {
    constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

    @Saga()
    ship(events$: Observable<object>): Observable<ShipOrder> {
      return events$.pipe(
        ofType(OrderPlaced),
        tap(() => void this.dispatcher.query(new CountOrders())),
        map(({ orderId }) => new ShipOrder(orderId)),
      );
    }
  }

  it('has the event as its cause, with the headers of the event', async () => {
    const facts: unknown[] = [];
    const note = (_message: object, { name, causationId, correlationId, headers }: HandlerContext): void => {
      facts.push([name, causationId, correlationId, headers.tenant]);
    };
    const { dispatcher } = await start({
      providers: [AskingSaga, queryHandler(CountOrders, note), commandHandler(ShipOrder, note)],
    });
    await dispatcher.publish(new OrderPlaced('1'), { id: 'e1', correlationId: 'c1', headers: { tenant: 'a' } });
    expect(facts).toEqual([
      ['CountOrders', 'e1', 'c1', 'a'],
      ['ShipOrder', 'e1', 'c1', 'a'],
    ]);
  });

  it('comes after the handlers of the event have started', async () => {
    const seen: string[] = [];
    const { dispatcher } = await start({
      providers: [
        AskingSaga,
        queryHandler(CountOrders, () => undefined),
        commandHandler(ShipOrder, () => seen.push('command')),
        eventHandler(OrderPlaced, () => seen.push('handler')),
      ],
    });
    await dispatcher.publish(new OrderPlaced('1'));
    expect(seen).toEqual(['handler', 'command']);
  });

  it('is observed, with the saga and the event', async () => {
    const { app, dispatcher } = await start({
      providers: [AskingSaga, queryHandler(CountOrders, () => undefined), commandHandler(ShipOrder, () => undefined)],
    });
    const seen: SagaReactedNotification[] = [];
    app
      .get(Notifications)
      .ofType(SagaReactedNotification)
      .subscribe((notification) => seen.push(notification));
    const event = new OrderPlaced('1');
    await dispatcher.publish(event);
    await setImmediate();
    expect(seen).toMatchObject([{ saga: 'AskingSaga.ship', commands: [new ShipOrder('1')] }]);
    expect(seen[0]?.event).toBe(event);
  });
});
