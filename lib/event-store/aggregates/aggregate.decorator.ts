import 'reflect-metadata';

import { AggregateRoot } from '../../events/aggregate-root.js';
import { appliedEventsOf } from '../../events/on.decorator.js';
import type { MessageClass } from '../../message/message.js';
import { InvalidAggregateError } from '../errors.js';
import { snapshotProblems, type SnapshotModel, type SnapshotOptions, type StateModel } from './state-model.js';

const AGGREGATE = Symbol.for('nestjs-dispatch/aggregate');

/** An `AggregateRoot` of whatever events. */
export interface EventSourcedAggregate {
  getUncommittedEvents(): object[];
  apply(event: never, isFromHistory?: boolean): void;
}

/** A class of aggregates; it extends `AggregateRoot`. */
export type AggregateClass<T extends EventSourcedAggregate = EventSourcedAggregate> = abstract new (
  ...args: never[]
) => T;

/** What an aggregate has whose snapshots are taken. */
export interface Snapshottable {
  /** What is kept of the state: plain data, as the codec takes it. */
  toSnapshot(): unknown;
  /** Takes what was kept over, on an aggregate that has just been made. */
  fromSnapshot(kept: never): void;
}

/** Options of {@link Aggregate}. */
export interface AggregateOptions<T extends object = object> {
  /** The events that `on<Event>` methods or `when` apply; those of `@On` methods are known without. */
  readonly events?: readonly MessageClass[];
  /** Makes an aggregate before its first event. Default: `new` with the id as the one argument. */
  readonly create?: (id: string) => T;
  /** The id of an aggregate that was not loaded. Default: its `id`. */
  readonly id?: (aggregate: T) => string;
  /** Takes snapshots, of aggregates that have `toSnapshot` and `fromSnapshot`. Default: none are taken. */
  readonly snapshots?: SnapshotOptions;
}

/**
 * Says how aggregates of a class are stored: in streams named `category-id`. The category is stored, so it must not change; it
 * consists of letters, digits, `_` and `.`. A class without it has its own name as its category.
 */
export function Aggregate<T extends EventSourcedAggregate>(category: string, options: AggregateOptions<T> = {}) {
  return (target: AggregateClass<T>): void => {
    Reflect.defineMetadata(AGGREGATE, { category, options }, target);
  };
}

/** How aggregates of a class are made and named. */
export interface AggregateModel<T extends EventSourcedAggregate> extends StateModel<T> {
  /** The id of an aggregate that was not loaded; undefined where it says none. */
  idOf(aggregate: T): string | undefined;
  /** What is wrong with what its decorator says. */
  readonly problems: readonly string[];
}

/** The category of aggregates of a class. */
export function categoryOfAggregate(target: AggregateClass): string {
  return declarationOf(target).category;
}

/** How aggregates of a class are made and named, as its decorator says. */
export function aggregateModelOf<T extends EventSourcedAggregate>(target: AggregateClass<T>): AggregateModel<T> {
  const { category, options } = declarationOf(target);
  // A class that is listed as an aggregate is not abstract, or its options say how it is made.
  const Made = target as unknown as new (id: string) => T;
  const make = (options.create as ((id: string) => T) | undefined) ?? ((id) => new Made(id));
  const create = (id: string): T => madeBy(make, id, target.name);
  return {
    category,
    label: target.name,
    events: [...new Set([...(options.events ?? []), ...appliedEventsOf(target)])],
    create,
    apply(aggregate, event) {
      // What is in its stream are events of its own.
      aggregate.apply(event as never, true);
      return aggregate;
    },
    idOf: (aggregate) =>
      textOf((options.id as ((of: T) => unknown) | undefined)?.(aggregate) ?? Reflect.get(aggregate, 'id')),
    snapshots: options.snapshots && snapshotsOf(options.snapshots, create),
    problems: [...classProblems(target), ...(options.snapshots ? snapshotProblemsOf(target, options.snapshots) : [])],
  };
}

function declarationOf(target: AggregateClass): { readonly category: string; readonly options: AggregateOptions } {
  const own: unknown = Reflect.getOwnMetadata(AGGREGATE, target);
  return (own as ReturnType<typeof declarationOf> | undefined) ?? { category: target.name, options: {} };
}

function snapshotsOf<T extends EventSourcedAggregate>(
  { every = 100, version = 1 }: SnapshotOptions,
  create: (id: string) => T,
): SnapshotModel<T> {
  return {
    every,
    version,
    // `snapshotProblemsOf` keeps an application from starting that has an aggregate without these methods.
    take: (aggregate) => (aggregate as T & Snapshottable).toSnapshot(),
    restore(id, kept) {
      const aggregate = create(id);
      (aggregate as T & Snapshottable).fromSnapshot(kept as never);
      return aggregate;
    },
  };
}

function classProblems(target: AggregateClass): string[] {
  return target.prototype instanceof AggregateRoot ? [] : ['does not extend AggregateRoot'];
}

function snapshotProblemsOf(target: AggregateClass, snapshots: SnapshotOptions): string[] {
  const prototype = target.prototype as object;
  const missing = ['toSnapshot', 'fromSnapshot'].filter((name) => typeof Reflect.get(prototype, name) !== 'function');
  return [...snapshotProblems(snapshots), ...missing.map((name) => `takes snapshots but has no method ${name}()`)];
}

function madeBy<T extends EventSourcedAggregate>(make: (id: string) => T, id: string, name: string): T {
  const aggregate = make(id);
  if (aggregate.getUncommittedEvents().length === 0) return aggregate;
  throw new InvalidAggregateError(
    name,
    'applies events while it is made: let a method do it, or say how with "create"',
  );
}

function textOf(id: unknown): string | undefined {
  if (typeof id === 'number') return String(id);
  return typeof id === 'string' && id !== '' ? id : undefined;
}
