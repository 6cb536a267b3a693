import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Command, Event, EventBus, EventHandlerFailedError, isDispatchError, ofType, Saga } from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { rejectionOf, start } from './application.js';
import { deferred } from './deferred.js';
import { commandHandler, eventHandler } from './handlers.js';

class OrderPlaced extends Event {}
class ShipOrder extends Command {}

@Injectable()
class ShippingSaga {
  @Saga()
  ship(events$: Observable<object>): Observable<ShipOrder> {
    return events$.pipe(
      ofType(OrderPlaced),
      map(() => new ShipOrder()),
    );
  }
}

const failing = (name: string, error: unknown) => [
  eventHandler(OrderPlaced, () => Promise.reject(error), { name }),
  eventHandler(
    OrderPlaced,
    () => {
      throw error;
    },
    { name: `Sync${name}` },
  ),
];

describe('publishAndWait', () => {
  it('rejects with an AggregateError that names each handler that failed, once all are done', async () => {
    const seen: string[] = [];
    const gate = deferred();
    const slow = async () => {
      await gate.promise;
      seen.push('slow');
    };
    const cause = new RangeError('no printer');
    const { dispatcher, log } = await start({
      providers: [...failing('Printer', cause), eventHandler(OrderPlaced, slow, { name: 'Slow' })],
    });
    const rejection = rejectionOf(dispatcher.publishAndWait(new OrderPlaced(), { id: 'e1' }));
    gate.resolve();
    const error = await rejection;
    expect(error).toBeInstanceOf(AggregateError);
    expect(isDispatchError(error, 'DISPATCH_EVENT_HANDLING')).toBe(true);
    expect((error as Error).message).toMatch(/^2 of 3 reactions to "OrderPlaced" failed: .*Printer.*no printer/);
    const { errors } = error as AggregateError;
    expect(errors.map((one: EventHandlerFailedError) => one.handlerName).toSorted()).toEqual([
      'Printer',
      'SyncPrinter',
    ]);
    for (const one of errors as EventHandlerFailedError[]) {
      expect(one).toMatchObject({ code: 'DISPATCH_EVENT_HANDLER_FAILED', messageName: 'OrderPlaced', messageId: 'e1' });
      expect(one.cause).toBe(cause);
    }
    expect(seen).toEqual(['slow']);
    expect(log.lines).toHaveLength(2);
  });

  it('rejects without throwing what is no message', async () => {
    const { app, dispatcher } = await start();
    for (const door of [dispatcher, app.get(EventBus)]) {
      await expect(door.publishAndWait(null as never)).rejects.toMatchObject({ code: 'DISPATCH_INVALID_SEND_OPTIONS' });
    }
  });

  it('resolves when every handler is done, after one event that failed', async () => {
    const seen: string[] = [];
    const failures = [new Error('first time')];
    const { dispatcher } = await start({
      providers: [
        eventHandler(OrderPlaced, async () => {
          const failure = failures.pop();
          if (failure !== undefined) throw failure;
          await Promise.resolve();
          seen.push('done');
        }),
      ],
    });
    await expect(dispatcher.publishAndWait(new OrderPlaced())).rejects.toThrow('first time');
    await dispatcher.publishAndWait(new OrderPlaced());
    expect(seen).toEqual(['done']);
  });
});

describe("publishAndWait with await: 'sagas'", () => {
  it('rejects with the error of a command that a saga sent, beside those of handlers', async () => {
    const { dispatcher } = await start({
      providers: [
        ShippingSaga,
        commandHandler(ShipOrder, () => Promise.reject(new RangeError('no truck'))),
        eventHandler(OrderPlaced, () => Promise.reject(new RangeError('no printer'))),
      ],
    });
    const error = await rejectionOf(dispatcher.publishAndWait(new OrderPlaced(), { await: 'sagas' }));
    expect(error).toMatchObject({ code: 'DISPATCH_EVENT_HANDLING' });
    expect((error as Error).message).toMatch(/^2 of 2 reactions to "OrderPlaced" failed/);
    expect((error as Error).message).toContain('no truck');
    expect((error as Error).message).toContain('no printer');
  });

  it('waits for the commands of sagas, which it otherwise does not', async () => {
    const gates = [deferred(), deferred()];
    const seen: string[] = [];
    const { dispatcher } = await start({
      providers: [
        ShippingSaga,
        commandHandler(ShipOrder, async () => {
          await gates.shift()?.promise;
          seen.push('shipped');
        }),
      ],
    });
    const [first, second] = gates;
    await dispatcher.publishAndWait(new OrderPlaced());
    expect(seen).toEqual([]);
    first?.resolve();
    second?.resolve();
    await dispatcher.publishAndWait(new OrderPlaced(), { await: 'sagas' });
    expect(seen).toEqual(['shipped', 'shipped']);
  });
});
