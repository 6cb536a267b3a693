import { setImmediate } from 'node:timers/promises';

import { Injectable, type Type } from '@nestjs/common';
import {
  Command,
  Event,
  ofType,
  OnError,
  Saga,
  SagaDiscardedNotification,
  UnhandledExceptionBus,
  type DispatchOptions,
  type FailureSteps,
} from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { start } from '../dispatcher/application.js';
import { commandHandler } from '../dispatcher/handlers.js';
import { collect } from '../run-modes/queued-application.js';

export class OrderPlaced extends Event {
  constructor(readonly orderId: string) {
    super();
  }
}
export class ShipOrder extends Command {
  constructor(readonly orderId: string) {
    super();
  }
}
export class NoAddress extends Error {
  constructor() {
    super('no address');
  }
}

/** What a saga does. */
export type Shipping = (events$: Observable<object>) => Observable<object>;

/** A saga that ships what is placed, and throws so many times at each of the orders it is told. */
export function shippingBut(
  failureCounts: Readonly<Record<string, number>>,
  error: () => Error = () => new NoAddress(),
) {
  const left = new Map(Object.entries(failureCounts));
  const attempts: string[] = [];
  const saga: Shipping = (events$) =>
    events$.pipe(
      ofType(OrderPlaced),
      map(({ orderId }) => {
        attempts.push(orderId);
        const count = left.get(orderId) ?? 0;
        if (count > 0) {
          left.set(orderId, count - 1);
          throw error();
        }
        return new ShipOrder(orderId);
      }),
    );
  return { saga, attempts };
}

/** A provider with one saga. */
export function sagaClass(saga: Shipping, name = 'OrderSaga'): Type<object> {
  @Injectable()
  class OrderSaga {
    @Saga()
    ship(events$: Observable<object>): Observable<object> {
      return saga(events$);
    }
  }
  Object.defineProperty(OrderSaga, 'name', { value: name });
  return OrderSaga;
}

/** An application of these sagas, whose ShipOrder commands are noted, but fail for the order `lost`. */
export async function startSagas(sagas: readonly Type<object>[], options: DispatchOptions = {}) {
  const shipped: string[] = [];
  const ship = ({ orderId }: ShipOrder): void => {
    if (orderId === 'lost') throw new RangeError('no truck');
    shipped.push(orderId);
  };
  const application = await start({ options, providers: [...sagas, commandHandler(ShipOrder, ship)] });
  const failures: unknown[] = [];
  application.app.get(UnhandledExceptionBus).subscribe(({ exception }) => failures.push(exception));
  const discarded = collect(application, SagaDiscardedNotification);
  const publish = async (...orderIds: string[]) => {
    for (const orderId of orderIds) await application.dispatcher.publish(new OrderPlaced(orderId));
    await setImmediate();
  };
  return { ...application, shipped, failures, discarded, publish };
}

/** The same with one saga that fails so, and the rule of its class. */
export async function startWith(steps: FailureSteps, failureCounts: Readonly<Record<string, number>>) {
  const { saga, attempts } = shippingBut(failureCounts);
  const type = sagaClass(saga);
  OnError(NoAddress, steps)(type);
  return { ...(await startSagas([type])), attempts };
}

/** Longer than any test. */
export const HOUR_MS = 3_600_000;
