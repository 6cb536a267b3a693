import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Injectable, Scope, type Type } from '@nestjs/common';
import {
  Command,
  Event,
  isDispatchError,
  Notifications,
  ofType,
  Saga,
  SagaFailedNotification,
  UnhandledExceptionBus,
  type ISaga,
} from 'nestjs-dispatch';
import { concatMap, from, map, throwError, type Observable } from 'rxjs';

import { mistakesOf, start } from '../dispatcher/application.js';
import { commandHandler } from '../dispatcher/handlers.js';

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

/** The line of a failure at an event, with the name and id of that. */
const atEvent = (what: string, problem: string) =>
  new RegExp(`^error The saga ${what} at the event "OrderPlaced" \\([0-9a-f-]{36}\\): ${problem}$`);

/** A provider with one saga. */
function sagaClass(saga: (events$: Observable<object>) => unknown): Type<object> {
  @Injectable()
  class OrderSaga {
    @Saga()
    ship(events$: Observable<object>): unknown {
      return saga(events$);
    }
  }
  return OrderSaga;
}

const shipping = (events$: Observable<object>) =>
  events$.pipe(
    ofType(OrderPlaced),
    map(({ orderId }) => {
      if (orderId === 'bad') throw new RangeError('no address');
      return new ShipOrder(orderId);
    }),
  );

/** An application whose ShipOrder commands are noted, but fail for the order `lost`. */
async function startWith(saga: (events$: Observable<object>) => unknown) {
  const shipped: string[] = [];
  const failures: unknown[] = [];
  const application = await start({
    providers: [
      sagaClass(saga),
      commandHandler(ShipOrder, async ({ orderId }) => {
        if (orderId === 'lost') throw new RangeError('no truck');
        shipped.push(orderId);
      }),
    ],
  });
  application.app.get(UnhandledExceptionBus).subscribe(({ exception }) => failures.push(exception));
  const publish = async (...orderIds: string[]) => {
    for (const orderId of orderIds) await application.dispatcher.publish(new OrderPlaced(orderId));
    await setImmediate();
  };
  return { ...application, shipped, failures, publish };
}

describe('a saga', () => {
  it('goes on with the next event after an error in an operator, as often as there is one', async () => {
    const { publish, shipped, failures, log } = await startWith(shipping);
    await publish('1', 'bad', '2', 'bad', '3');
    expect(shipped).toEqual(['1', '2', '3']);
    expect(failures).toEqual([new RangeError('no address'), new RangeError('no address')]);
    expect(log.lines).toEqual([1, 2].map(() => expect.stringMatching(atEvent('OrderSaga.ship failed', 'no address'))));
  });

  it('goes on where it throws when it is started again', async () => {
    let startCount = 0;
    const { publish, shipped, failures } = await startWith((events$) => {
      startCount += 1;
      if (startCount === 2) throw new RangeError('cannot start');
      return shipping(events$);
    });
    await publish('1', 'bad', 'missed', '2');
    expect(shipped).toEqual(['1', '2']);
    expect(failures[0]).toEqual(new RangeError('no address'));
    expect(isDispatchError(failures[1], 'DISPATCH_INVALID_SAGA')).toBe(true);
    expect((failures[1] as Error).cause).toEqual(new RangeError('cannot start'));
  });

  it('goes on after a command that fails, or that nobody handles', async () => {
    class Unhandled extends Command {}
    const { publish, shipped, failures, log } = await startWith((events$) =>
      events$.pipe(
        ofType(OrderPlaced),
        map(({ orderId }) => (orderId === 'odd' ? new Unhandled() : new ShipOrder(orderId))),
      ),
    );
    await publish('lost', 'odd', '2');
    expect(shipped).toEqual(['2']);
    expect(failures).toEqual([
      new RangeError('no truck'),
      expect.objectContaining({ code: 'DISPATCH_HANDLER_NOT_FOUND' }),
    ]);
    expect(log.lines[0]).toMatch(atEvent('OrderSaga.ship sent the command ShipOrder, which failed', 'no truck'));
  });

  it('goes on where what it emits is no command, each of which is a failure', async () => {
    const outputs = ['ShipOrder', 7, true, ShipOrder, [new ShipOrder('0'), 'ShipOrder'], Object.create(null)];
    const { publish, shipped, failures, log } = await startWith((events$) =>
      events$.pipe(
        ofType(OrderPlaced),
        concatMap(({ orderId }) => from([...outputs, new ShipOrder(orderId)])),
      ),
    );
    await publish('1');
    expect(shipped).toEqual(['0', '1']);
    expect(failures.map((error) => (error as { code?: unknown }).code)).toEqual([
      ...Array.from({ length: 5 }, () => 'DISPATCH_INVALID_SAGA_OUTPUT'),
      'DISPATCH_HANDLER_NOT_FOUND',
    ]);
    expect(failures[3]).toMatchObject({ saga: 'OrderSaga.ship', output: ShipOrder });
    const problem =
      'OrderSaga.ship emitted the class ShipOrder, which is no command: emit an instance of a command class, a list of them, or nothing.';
    expect(log.lines[3]).toMatch(atEvent('OrderSaga.ship failed', problem));
  });

  it('sends nothing where what it emits is falsy or an empty list', async () => {
    const { publish, shipped, failures } = await startWith((events$) =>
      events$.pipe(
        ofType(OrderPlaced),
        concatMap(({ orderId }) => from([null, undefined, false, [], [null], new ShipOrder(orderId)])),
      ),
    );
    await publish('1', '2');
    expect([shipped, failures]).toEqual([['1', '2'], []]);
  });

  it('that failed changes nothing for another one', async () => {
    const shipped: string[] = [];
    const { dispatcher } = await start({
      providers: [
        sagaClass((events$) => events$.pipe(concatMap(() => throwError(() => new Error('always'))))),
        sagaClass(shipping),
        commandHandler(ShipOrder, ({ orderId }) => shipped.push(orderId)),
      ],
    });
    await dispatcher.publish(new OrderPlaced('1'));
    await dispatcher.publish(new OrderPlaced('2'));
    expect(shipped).toEqual(['1', '2']);
  });

  it('is observed where it fails, and where its command does', async () => {
    const { app, publish } = await startWith(shipping);
    const seen: SagaFailedNotification[] = [];
    app
      .get(Notifications)
      .ofType(SagaFailedNotification)
      .subscribe((notification) => seen.push(notification));
    await publish('bad', 'lost');
    await setImmediate();
    expect(
      seen.map(({ saga, event, error }) => [saga, (event as OrderPlaced).orderId, (error as Error).message]),
    ).toEqual([
      ['OrderSaga.ship', 'bad', 'no address'],
      ['OrderSaga.ship', 'lost', 'no truck'],
    ]);
  });
});

describe('a saga that cannot run', () => {
  it.each<[string, (events$: Observable<object>) => unknown, string]>([
    [
      'throws at once',
      () => {
        throw new RangeError('no configuration');
      },
      'it threw when it was started: no configuration.',
    ],
    [
      'throws a whole sentence',
      () => {
        throw new RangeError('There is no configuration.');
      },
      'it threw when it was started: There is no configuration.',
    ],
    ['returns nothing', () => undefined, 'it returned neither an Observable nor an async iterable.'],
    ['returns a promise', () => Promise.resolve(from([])), 'it returned neither an Observable nor an async iterable.'],
  ])('is a mistake in the wiring where it %s', async (_how, saga, problem) => {
    expect(await mistakesOf({ providers: [sagaClass(saga)] })).toEqual([
      { rule: 'invalid-saga', text: `The saga OrderSaga.ship of OrderSaga (AppModule) cannot run: ${problem}` },
    ]);
  });

  it('is a mistake in the wiring where it is no function, or its class is request-scoped', async () => {
    class Empty {
      @Saga()
      ship: ISaga | undefined;
    }
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      @Saga()
      ship(events$: Observable<object>): Observable<object> {
        return shipping(events$);
      }
    }
    expect(await mistakesOf({ providers: [Empty, Scoped] })).toEqual([
      { rule: 'invalid-saga', text: expect.stringMatching(/^The saga Empty.ship of Empty \(AppModule\).*no function/) },
      {
        rule: 'invalid-saga',
        text: expect.stringMatching(/^The saga Scoped.ship of Scoped \(AppModule\).*request-scoped/),
      },
    ]);
  });
});
