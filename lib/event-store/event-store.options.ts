import { describeValue, isOptionsObject } from '../common/describe-value.js';
import type { ResolvedEventStore } from './event-sourcing.js';
import type { PublishMode } from './aggregates/stream-states.js';
import type { EventStore } from './event-store.port.js';
import type { UnknownEvents } from './reading/recorded-event.js';
import { inMemorySnapshots } from './snapshots/in-memory-snapshots.js';
import type { SnapshotStore } from './snapshots/snapshot-store.port.js';
import type { UpcasterEntry } from './upcasting/upcaster.js';

/** The option `eventStore` of `DispatchModule.forRoot()`. */
export interface EventStoreOptions {
  /** What stores events, such as `inMemoryEventStore()`. */
  readonly store: EventStore;
  /** What keeps snapshots of aggregates that take any. Default `inMemorySnapshots()`. */
  readonly snapshots?: SnapshotStore;
  /**
   * Whether repositories hand events to the event bus once they are stored. Default `'afterAppend'`; `'never'` where they are
   * read from the store by subscriptions only.
   */
  readonly publish?: PublishMode;
  /** What to do about a stored event whose class is not known when it is read. Default `'fail'`. */
  readonly unknownEvents?: UnknownEvents;
  /** Upcasters made with `upcaster()`, beside those found as providers. */
  readonly upcasters?: readonly UpcasterEntry[];
}

const UNKNOWN_EVENTS: readonly unknown[] = ['fail', 'skip', 'raw'] satisfies UnknownEvents[];
const PUBLISH_MODES: readonly unknown[] = ['afterAppend', 'never'] satisfies PublishMode[];
const SNAPSHOT_METHODS = ['load', 'save', 'remove'] as const satisfies readonly (keyof SnapshotStore)[];
const METHODS = [
  'append',
  'readStreamPage',
  'readAllPage',
  'lastPosition',
  'streamFacts',
  'archive',
  'delete',
] as const satisfies readonly (keyof EventStore)[];

const CHECKS: Readonly<Record<keyof EventStoreOptions, (value: unknown) => string | undefined>> = {
  store: (value) => methodProblem(value, METHODS),
  snapshots: (value) => methodProblem(value, SNAPSHOT_METHODS),
  publish: (value) =>
    PUBLISH_MODES.includes(value) ? undefined : `which is ${describeValue(value)}, not 'afterAppend' or 'never'`,
  unknownEvents: (value) =>
    UNKNOWN_EVENTS.includes(value) ? undefined : `which is ${describeValue(value)}, not 'fail', 'skip' or 'raw'`,
  upcasters: (value) =>
    Array.isArray(value) && value.every(isOptionsObject) ? undefined : `which is not a list of what upcaster() makes`,
};

/** Fills the defaults in and adds what is wrong to the problems, each a sentence; of what is wrong nothing is used. */
export function resolveEventStore(given: EventStoreOptions | undefined, problems: string[]): ResolvedEventStore {
  const wrong = given === undefined ? [] : problemsOf(given);
  problems.push(...wrong.map((problem) => `The option "eventStore" of DispatchModule has ${problem}.`));
  const options: Partial<EventStoreOptions> = wrong.length === 0 ? (given ?? {}) : {};
  return Object.freeze({
    store: options.store,
    snapshots: options.snapshots ?? inMemorySnapshots(),
    publish: options.publish ?? 'afterAppend',
    unknownEvents: options.unknownEvents ?? 'fail',
    upcasters: options.upcasters ?? [],
  });
}

function problemsOf(given: unknown): string[] {
  if (!isOptionsObject(given)) return [`${describeValue(given)} as its options: give an object`];
  const found = Object.entries(given).flatMap(([name, value]: [string, unknown]) => {
    if (!Object.hasOwn(CHECKS, name)) {
      return [`the option "${name}", which is unknown: the options are ${Object.keys(CHECKS).join(', ')}`];
    }
    const problem = value === undefined ? undefined : CHECKS[name as keyof EventStoreOptions](value);
    return problem === undefined ? [] : [`the option "${name}", ${problem}`];
  });
  const hasStore = Reflect.get(given, 'store') !== undefined;
  return hasStore ? found : [...found, 'no "store": give it inMemoryEventStore(), for instance'];
}

function methodProblem(value: unknown, names: readonly string[]): string | undefined {
  const missing = names.filter((name) => !isOptionsObject(value) || typeof Reflect.get(value, name) !== 'function');
  return missing.length === 0 ? undefined : `which is ${describeValue(value)} without the method ${missing[0]}()`;
}
