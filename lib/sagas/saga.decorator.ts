import 'reflect-metadata';
import type { Observable } from 'rxjs';

const SAGAS = Symbol.for('nestjs-dispatch/sagas');

/** What a saga gives back: the commands to send. A falsy one sends nothing; anything else that is no object is a failure. */
export type SagaOutput<C extends object = object> = C | readonly C[] | null | undefined | void;

/**
 * A stream saga: sees every event and answers with commands. An async generator will do as well as an Observable. It is
 * started once, at bootstrap, and again at the next event after it has thrown.
 */
export type ISaga<E extends object = object, C extends object = object> = (
  events$: Observable<E>,
) => Observable<SagaOutput<C>> | AsyncIterable<SagaOutput<C>>;

/**
 * Makes a method, or a property holding a function, of a provider a stream saga.
 *
 * @example
 * ```ts
 * @Saga()
 * shipPaidOrders(events$: Observable<object>): Observable<ShipOrder> {
 *   return events$.pipe(ofType(OrderPaid), map(({ orderId }) => new ShipOrder(orderId)));
 * }
 * ```
 */
export function Saga() {
  return (prototype: object, property: string | symbol): void => {
    const target = prototype.constructor;
    Reflect.defineMetadata(SAGAS, [...new Set([...sagasOf(target), property])], target);
  };
}

/** The saga properties of a class, its bases included. */
export function sagasOf(target: object): readonly (string | symbol)[] {
  return (Reflect.getMetadata(SAGAS, target) as (string | symbol)[] | undefined) ?? [];
}
