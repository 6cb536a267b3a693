import type { EventBus } from '../buses/event-bus.js';
import type { AsyncContext } from '../message/async-context.js';
import { AggregateRoot, connectAggregate, type EventOutlet, type IAggregateRoot } from './aggregate-root.js';

type AggregateClass<E extends object> = new (...args: never[]) => IAggregateRoot<E>;

/** Connects aggregates to the event bus, so that what they publish reaches the handlers. */
export class EventPublisher<EventBase extends object = object> {
  constructor(private readonly bus: EventBus) {}

  /**
   * A subclass whose instances are connected to the bus; it keeps the name of the class.
   *
   * @param scope the scope that request-scoped handlers of the events share
   */
  mergeClassContext<T extends AggregateClass<EventBase>>(metatype: T, scope?: AsyncContext): T {
    const connect = (aggregate: IAggregateRoot<EventBase>): void => void this.mergeObjectContext(aggregate, scope);
    const Connected = class extends (metatype as unknown as new (...args: unknown[]) => IAggregateRoot<EventBase>) {
      constructor(...args: unknown[]) {
        super(...args);
        connect(this);
      }
    };
    Object.defineProperty(Connected, 'name', { value: metatype.name });
    // The class above adds nothing that could be seen from outside, so it is used like the one it extends.
    return Connected as unknown as T;
  }

  /**
   * Connects one aggregate to the bus and returns it.
   *
   * @param scope the scope that request-scoped handlers of the events share
   */
  mergeObjectContext<T extends IAggregateRoot<EventBase>>(object: T, scope?: AsyncContext): T {
    const outlet: EventOutlet = {
      publish: (event) => this.bus.publish(event, object, scope),
      publishAll: (events) => this.bus.publishAll([...events], object, scope),
    };
    if (object instanceof AggregateRoot) connectAggregate(object, outlet);
    else Object.assign(object, outlet);
    return object;
  }
}
