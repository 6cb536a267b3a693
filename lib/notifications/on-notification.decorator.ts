import 'reflect-metadata';

import { describeKind } from '../common/describe-value.js';
import { ObserverScopeError } from './errors.js';
import type { NotificationChannel } from './notification-channel.js';
import { DispatchNotification, type NotificationClass } from './notification.js';

const OBSERVERS = Symbol.for('nestjs-dispatch/on-notification');

/**
 * Calls the method with every notification of a class. The method may be async; it runs with one notification at a
 * time. If it fails it is tried again, 3 times in all, 2000 ms apart, and then logged; meanwhile it is given the
 * notifications that follow. Several on one method make one observer, also in a subclass that overrides the method.
 * The provider must be a singleton.
 *
 * @example
 * ```ts
 * @Injectable()
 * class Audit {
 *   @OnNotification(CommandFailedNotification)
 *   async onFailed({ context, error }: CommandFailedNotification) {}
 * }
 * ```
 */
export function OnNotification<N extends DispatchNotification>(type: NotificationClass<N>) {
  return <M extends (notification: N) => unknown>(
    prototype: object,
    method: string | symbol,
    _descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    const owner = prototype.constructor;
    const types = new Map(ownObserversOf(owner));
    // Decorators of one method run from the bottom up.
    types.set(method, [type, ...(types.get(method) ?? [])]);
    Reflect.defineMetadata(OBSERVERS, types, owner);
  };
}

/** A method that observes notifications, and what it observes. */
export interface NotificationObserverMethod {
  readonly method: string | symbol;
  /** In the order the decorators stand, bases first; each once. */
  readonly types: readonly NotificationClass[];
}

/** The observer methods of a class, its bases included; none where it has no `@OnNotification`. */
export function notificationObserversOf(target: object): readonly NotificationObserverMethod[] {
  const typesByMethod = new Map<string | symbol, readonly NotificationClass[]>();
  for (const owner of withBases(target)) {
    for (const [method, types] of ownObserversOf(owner)) {
      typesByMethod.set(method, [...new Set([...(typesByMethod.get(method) ?? []), ...types])]);
    }
  }
  return [...typesByMethod].map(([method, types]) => ({ method, types }));
}

/** What the observer methods of a class name that is no class of notifications, as sentences that follow its name. */
export function observerProblemsOf(target: object): string[] {
  return notificationObserversOf(target).flatMap(({ method, types }) =>
    types
      .filter((type) => !isNotificationClass(type))
      .map(
        (type) =>
          `observes ${describeKind(type)} with ${String(method)}(), which is no class of notifications: give @OnNotification one, such as CommandFailedNotification`,
      ),
  );
}

function isNotificationClass(type: unknown): boolean {
  return (
    type === DispatchNotification || (typeof type === 'function' && type.prototype instanceof DispatchNotification)
  );
}

/** A provider that may have observer methods. */
export interface ObserverRegistration {
  /** Its class. */
  readonly target: abstract new (...args: never[]) => object;
  /** How errors name it; by default its class name. */
  readonly label?: string;
  /** Its one instance; undefined where it has none because it, or what it injects, is request-scoped or transient. */
  readonly instance: object | undefined;
}

/**
 * Puts the observer methods of a provider on the channel and returns what takes them off again. A class without any is
 * let through, whatever its scope; so is a method that the instance lacks, as the mock of a test may.
 * @throws DISPATCH_OBSERVER_SCOPE where the class has observer methods but no instance
 */
export function registerObserver(channel: NotificationChannel, registration: ObserverRegistration): () => void {
  const { target, instance, label = target.name } = registration;
  const methods = notificationObserversOf(target);
  if (methods.length === 0) return () => undefined;
  if (instance === undefined) throw new ObserverScopeError(label);
  const present = methods.filter(
    ({ method }) => typeof (instance as Record<PropertyKey, unknown> | null)?.[method] === 'function',
  );
  const removals = present.map(({ method, types }) =>
    channel.observe({
      name: `${target.name}#${String(method)}`,
      types,
      handle: (notification) => callMethod(instance, method, notification),
    }),
  );
  return () => {
    for (const remove of removals) remove();
  };
}

/** Looked up at each call, so that a method replaced later, as by a test's spy, is the one that runs. */
function callMethod(instance: object, method: string | symbol, notification: DispatchNotification): unknown {
  // The decorator's own type lets it stand on methods that take the notification only.
  const run = Reflect.get(instance, method) as (notification: DispatchNotification) => unknown;
  return run.call(instance, notification);
}

type TypesByMethod = ReadonlyMap<string | symbol, readonly NotificationClass[]>;

function ownObserversOf(target: object): TypesByMethod {
  return (Reflect.getOwnMetadata(OBSERVERS, target) as TypesByMethod | undefined) ?? new Map();
}

function withBases(target: object): object[] {
  const chain: object[] = [];
  for (let owner: object | null = target; owner !== null; owner = Reflect.getPrototypeOf(owner)) chain.unshift(owner);
  return chain;
}
