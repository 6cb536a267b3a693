import 'reflect-metadata';

import type { MessageClass } from '../message/message.js';

const APPLIES = Symbol.for('nestjs-dispatch/applies');

type AppliedBy = ReadonlyMap<MessageClass, string | symbol>;

/**
 * Makes a method of an aggregate apply events of a class, and of those that extend it, to its state. It comes before `on<Event>`
 * methods. A subclass of the aggregate may have another method for the same event. In a projection the method is given a
 * `ProjectionContext` beside the event, and its promise is waited for.
 *
 * @example
 * ```ts
 * @On(OrderPlaced)
 * protected placed({ customerId }: OrderPlaced) { this.customerId = customerId; }
 * ```
 */
export function On<E extends object>(event: MessageClass<E>) {
  return <M extends (event: E, context: never) => void>(
    prototype: object,
    method: string | symbol,
    _descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    const target = prototype.constructor;
    Reflect.defineMetadata(APPLIES, new Map([...appliedBy(target), [event, method]]), target);
  };
}

/** The events that methods of an aggregate class apply. */
export function appliedEventsOf(target: object): readonly MessageClass[] {
  return [...appliedBy(target).keys()];
}

/** The method of an aggregate class that applies an event: that of its own class, or of the nearest base. */
export function applyingMethodOf(target: object, event: object): string | symbol | undefined {
  const methods = appliedBy(target);
  if (methods.size === 0) return undefined;
  let type: unknown = event.constructor;
  while (typeof type === 'function' && type !== Function.prototype) {
    // Every class is a key that may be there.
    const method = methods.get(type as unknown as MessageClass);
    if (method !== undefined) return method;
    type = Object.getPrototypeOf(type);
  }
  return undefined;
}

function appliedBy(target: object): AppliedBy {
  return (Reflect.getMetadata(APPLIES, target) as AppliedBy | undefined) ?? new Map();
}
