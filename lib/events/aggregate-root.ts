import { AggregateNotConnectedError } from './errors.js';
import { applyingMethodOf } from './on.decorator.js';

/** Where the events of an aggregate go. */
export interface EventOutlet {
  publish(event: object): Promise<void>;
  publishAll(events: readonly object[]): Promise<void>;
}

/** How an event is applied. */
export interface ApplyOptions {
  /** The event is replayed: it changes the state but is not to be published. Default false. */
  readonly fromHistory?: boolean;
  /** The event is only recorded; its `on...` method is not called. Default false. */
  readonly skipHandler?: boolean;
}

/** What an aggregate root offers. */
export interface IAggregateRoot<E extends object = object> {
  /** Whether each event is published as it is applied, instead of at `commit()`. Default false. */
  autoCommit: boolean;
  publish(event: E): Promise<void> | void;
  publishAll(events: readonly E[]): Promise<void> | void;
  /** Publishes the uncommitted events in order, as one unit, and resolves when they are accepted. */
  commit(): Promise<void> | void;
  /** Forgets the uncommitted events. */
  uncommit(): void;
  getUncommittedEvents(): E[];
  /** Applies events without publishing them. */
  loadFromHistory(history: readonly E[]): void;
  /** Records an event and calls the method of the aggregate that applies it, if it has one. */
  apply(event: E, options?: ApplyOptions | boolean): void;
}

interface AggregateState {
  autoCommit: boolean;
  readonly uncommitted: object[];
  /** The version of the last event that is stored. */
  version: number;
  outlet: EventOutlet | undefined;
}

/**
 * Kept beside the aggregates, never on them: an object that an ORM made without its constructor works as well, and no
 * field of ours is ever stored.
 */
const states = new WeakMap<object, AggregateState>();

/** Gives an aggregate, or a class that is one already, the place its events go to. */
export function connectAggregate(aggregate: object, outlet: EventOutlet): void {
  stateOf(aggregate).outlet = outlet;
}

/** The version of the last event of an aggregate that is stored, whatever fields it has. */
export function storedVersionOf(aggregate: object): number {
  return stateOf(aggregate).version;
}

/**
 * Says which version of an aggregate is stored, and which of its uncommitted events are among it.
 *
 * @returns how many events are uncommitted still
 */
export function markStored(aggregate: object, version: number, stored: readonly object[] = []): number {
  const state = stateOf(aggregate);
  state.version = version;
  const gone = new Set(stored);
  const left = state.uncommitted.filter((event) => !gone.has(event));
  state.uncommitted.splice(0, Infinity, ...left);
  return left.length;
}

/** Takes {@link markStored} back: what was not stored after all is uncommitted again, in its order, and the version is the one before. */
export function unmarkStored(aggregate: object, version: number, events: readonly object[]): void {
  const state = stateOf(aggregate);
  state.version = Math.min(state.version, version);
  // Of several that are taken back, in whatever order, each has its place behind those of lower versions.
  state.uncommitted.splice(version - state.version, 0, ...events);
}

/**
 * The root of a cluster of domain objects, which records what happened to it as events. They are published at `commit()` to the
 * bus that `EventPublisher` connected it to, or stored, and then published, by an `AggregateRepository`.
 *
 * An event is applied by the `@On` method for its class, else by the method `on<EventClass>`, else by `when(event)`; without any
 * of them it changes nothing.
 */
export abstract class AggregateRoot<E extends object = object> implements IAggregateRoot<E> {
  declare autoCommit: boolean;
  /** The version of the last event that is stored or was replayed, from 1; 0 where there is none. Uncommitted events do not count. */
  declare readonly version: number;
  /** The events that were applied and are neither published nor stored. */
  declare readonly uncommittedEvents: readonly E[];

  // Accessors in all but their declarations: a subclass may then say `autoCommit = true`, as with `@nestjs/cqrs`, and may have a
  // field `version` of its own, as that of an ORM.
  static {
    Object.defineProperties(this.prototype, {
      autoCommit: { configurable: true, get: autoCommitOf, set: setAutoCommit },
      version: { configurable: true, get: versionOf, set: setOwnVersion },
      uncommittedEvents: { configurable: true, get: uncommittedEventsOf },
    });
  }

  /** Applies events that have no method of their own. */
  protected when?(event: E): void;

  /** @throws DISPATCH_AGGREGATE_NOT_CONNECTED where there is no bus to publish to */
  publish(event: E): Promise<void> {
    return outletOf(this).publish(event);
  }

  /** @throws DISPATCH_AGGREGATE_NOT_CONNECTED where there is no bus to publish to */
  publishAll(events: readonly E[]): Promise<void> {
    return outletOf(this).publishAll(events);
  }

  /** @throws DISPATCH_AGGREGATE_NOT_CONNECTED where there is no bus; the events stay uncommitted */
  commit(): Promise<void> {
    const uncommitted = this.getUncommittedEvents();
    if (uncommitted.length === 0) return Promise.resolve();
    const taken = [...uncommitted];
    // A custom publisher may give no promise; one that rejects has been logged by the bus.
    const published = Promise.resolve(this.publishAll(taken) as Promise<void> | undefined);
    uncommitted.splice(0, taken.length);
    published.catch(() => uncommitted.unshift(...taken));
    return published;
  }

  uncommit(): void {
    stateOf(this).uncommitted.length = 0;
  }

  getUncommittedEvents(): E[] {
    // Only apply() adds to the list, and it takes nothing but E.
    return stateOf(this).uncommitted as E[];
  }

  loadFromHistory(history: readonly E[]): void {
    for (const event of history) {
      this.apply(event, { fromHistory: true });
      stateOf(this).version += 1;
    }
  }

  apply(event: E, options: ApplyOptions | boolean = {}): void {
    const { fromHistory = false, skipHandler = false } =
      typeof options === 'boolean' ? { fromHistory: options } : options;
    if (!fromHistory && this.autoCommit) void this.publish(event);
    else if (!fromHistory) stateOf(this).uncommitted.push(event);
    if (!skipHandler) this.getEventHandler(event)?.call(this, event);
  }

  /** The method that applies an event to the state: that with `@On`, that of its name, or `when`. */
  protected getEventHandler(event: E): ((event: E) => void) | undefined {
    const name = applyingMethodOf(this.constructor, event) ?? `on${this.getEventName(event)}`;
    const method: unknown = Reflect.get(this, name) ?? Reflect.get(this, 'when');
    return typeof method === 'function' ? (method as (event: E) => void) : undefined;
  }

  protected getEventName(event: E): string {
    return event.constructor.name;
  }
}

function autoCommitOf(this: object): boolean {
  return stateOf(this).autoCommit;
}

function setAutoCommit(this: object, value: boolean): void {
  stateOf(this).autoCommit = value;
}

function versionOf(this: object): number {
  return stateOf(this).version;
}

function setOwnVersion(this: object, value: unknown): void {
  Object.defineProperty(this, 'version', { value, configurable: true, enumerable: true, writable: true });
}

function uncommittedEventsOf(this: object): readonly object[] {
  return [...stateOf(this).uncommitted];
}

function stateOf(aggregate: object): AggregateState {
  const known = states.get(aggregate);
  if (known !== undefined) return known;
  const state: AggregateState = { autoCommit: false, uncommitted: [], version: 0, outlet: undefined };
  states.set(aggregate, state);
  return state;
}

function outletOf(aggregate: object): EventOutlet {
  const outlet = stateOf(aggregate).outlet;
  if (outlet === undefined) throw new AggregateNotConnectedError(aggregate.constructor.name);
  return outlet;
}
