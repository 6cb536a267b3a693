import { describe, expect, it } from '@jest/globals';
import {
  Command,
  Event,
  ofType,
  OnError,
  retry,
  Saga,
  SagaDiscardedNotification,
  SagaFailedNotification,
} from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { commandHandler, eventHandler } from '../../unit/dispatcher/handlers.js';
import { collect, until } from '../../unit/run-modes/queued-application.js';
import { MODES, startIn, type Mode } from './modes.js';

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
class NoAddress extends Error {
  override readonly name = 'NoAddress';
}
class NoTruck extends Error {
  override readonly name = 'NoTruck';
}

/** An application whose saga fails twice at the order `late`, and whose handler fails at the order `heavy`. */
async function startShipping(mode: Mode) {
  const shown: string[] = [];
  const shipping: string[] = [];
  const handled: string[] = [];

  @OnError(NoAddress, retry('5ms').thenSchedule('5ms'))
  class OrderSaga {
    @Saga()
    ship(events$: Observable<object>): Observable<ShipOrder> {
      return events$.pipe(
        ofType(OrderPlaced),
        map(({ orderId }) => {
          shown.push(orderId);
          if (orderId === 'late' && shown.length <= 2) throw new NoAddress('not yet');
          return new ShipOrder(orderId);
        }),
      );
    }
  }
  const ship = ({ orderId }: ShipOrder): void => {
    shipping.push(orderId);
    if (orderId === 'heavy') throw new NoTruck('too heavy');
  };
  const application = await startIn(mode, {
    options: { failures: (on) => [on(NoTruck).retry('5ms').thenDiscard('sent by rail')] },
    providers: [
      OrderSaga,
      commandHandler(ShipOrder, ship),
      eventHandler(OrderPlaced, ({ orderId }) => void handled.push(orderId)),
    ],
  });
  const discarded = collect(application, SagaDiscardedNotification);
  const failed = collect(application, SagaFailedNotification);
  return { ...application, shown, shipping, handled, discarded, failed };
}

describe.each(MODES)('sagas with failure rules, in $name', (mode) => {
  it('are shown an event again that they failed at, and its handlers are not', async () => {
    const { dispatcher, shown, shipping, handled, failed } = await startShipping(mode);
    await dispatcher.publish(new OrderPlaced('late'));
    await until('the order to ship', () => shipping.length === 1);
    await until('the event to be handled', () => handled.length === 1);
    expect([shown, shipping, handled, failed]).toEqual([['late', 'late', 'late'], ['late'], ['late'], []]);
  });

  it('send a command once, whose handler is tried again, and drop its failure by the same rule', async () => {
    const { dispatcher, shown, shipping, discarded, failed } = await startShipping(mode);
    await dispatcher.publish(new OrderPlaced('heavy'));
    await until('the failure to be dropped', () => discarded.length === 1);
    const told = { saga: 'OrderSaga.ship', command: { orderId: 'heavy' }, reason: 'sent by rail' };
    expect(discarded).toMatchObject([{ ...told, error: { name: 'NoTruck', message: 'too heavy' } }]);
    expect([shown, shipping, failed]).toEqual([['heavy'], ['heavy', 'heavy'], []]);
  });
});
