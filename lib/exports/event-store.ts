/** Event store, aggregates, upcasters, snapshots. Part of the public surface, `lib/index.ts`. */

export {
  aggregateRepositoryToken,
  InjectAggregateRepository,
  type AggregateSource,
} from '../event-store/aggregates/aggregate-injection.js';
export { AggregateRepository, type UpdateResult } from '../event-store/aggregates/aggregate-repository.js';
export {
  Aggregate,
  type AggregateClass,
  type AggregateOptions,
  type EventSourcedAggregate,
  type Snapshottable,
} from '../event-store/aggregates/aggregate.decorator.js';
export { DeciderRepository, type Decision } from '../event-store/aggregates/decider-repository.js';
export { Decider, decider, type AnyDecider, type DeciderDefinition } from '../event-store/aggregates/decider.js';
export type { UpdateOptions } from '../event-store/aggregates/retry-on-conflict.js';
export type { SnapshotOptions } from '../event-store/aggregates/state-model.js';
export type { PublishMode } from '../event-store/aggregates/stream-states.js';
export { categoryOf, checkAppend, isExpected } from '../event-store/append-check.js';
export {
  AggregateNotFoundError,
  ConcurrencyError,
  EventStoreFullError,
  EventStoreNotConfiguredError,
  InvalidAggregateError,
  InvalidAppendError,
  InvalidEventStoreOptionsError,
  InvalidReadError,
  MissingUpcasterError,
  StreamArchivedError,
  StreamDeletedError,
  UnknownEventError,
  UnreadableEventError,
  UpcastFailedError,
  type StoredEventFacts,
} from '../event-store/errors.js';
export { EventLog } from '../event-store/event-log.js';
export type { EventStoreOptions } from '../event-store/event-store.options.js';
export type {
  AllPageQuery,
  AppendResult,
  EventFilter,
  EventMetadata,
  EventPage,
  EventStore,
  ExpectedVersion,
  NewEvent,
  StoreAppendOptions,
  StoreAppendResult,
  StoredEvent,
  StreamFacts,
  StreamPageQuery,
} from '../event-store/event-store.port.js';
export type { AppendOptions, WriteOptions } from '../event-store/event-writer.js';
export { inMemoryEventStore, type InMemoryEventStoreOptions } from '../event-store/memory/in-memory-event-store.js';
export type { VersionOptions } from '../event-store/reading/event-reader.js';
export type { PageOptions, ReadAllOptions, ReadStreamOptions, SubscribeOptions } from '../event-store/reading/pages.js';
export { RawEvent, type RecordedEvent, type UnknownEvents } from '../event-store/reading/recorded-event.js';
export { inMemorySnapshots, type InMemorySnapshotsOptions } from '../event-store/snapshots/in-memory-snapshots.js';
export type { Snapshot, SnapshotStore } from '../event-store/snapshots/snapshot-store.port.js';
export type { VersionedState } from '../event-store/snapshots/snapshotting.js';
export {
  Upcaster,
  upcaster,
  type EventShape,
  type EventSplitter,
  type EventUpcaster,
  type ShapedPayload,
  type UpcasterEntry,
  type UpcastSplit,
  type UpcastStep,
} from '../event-store/upcasting/upcaster.js';
