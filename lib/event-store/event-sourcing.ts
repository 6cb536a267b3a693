import { Logger } from '@nestjs/common';

import { errorText } from '../common/dispatch-error.js';
import type { StoredEventPublication } from '../events/stored-event-publication.js';
import type { AmbientStore } from '../message/ambient-context.js';
import type { Rehydrator } from '../message/codec/rehydrate.js';
import type { MessageRegistry } from '../message/message-registry.js';
import type { NotificationChannel } from '../notifications/notification-channel.js';
import { AggregateModels, type CheckedModel } from './aggregates/aggregate-models.js';
import { AggregateRepository } from './aggregates/aggregate-repository.js';
import { aggregateModelOf, type AggregateClass, type EventSourcedAggregate } from './aggregates/aggregate.decorator.js';
import { deciderModelOf, type AnyDecider, type Decider } from './aggregates/decider.js';
import { DeciderRepository } from './aggregates/decider-repository.js';
import { StreamStates, type PublishMode } from './aggregates/stream-states.js';
import type { AppendHook } from './append-hook.js';
import type { CurrentTransaction } from './enlisting.js';
import { EventStoreNotConfiguredError, InvalidAggregateError } from './errors.js';
import { EventLog } from './event-log.js';
import type { EventStore } from './event-store.port.js';
import { EventWriter } from './event-writer.js';
import { EventReader } from './reading/event-reader.js';
import type { UnknownEvents } from './reading/recorded-event.js';
import type { SnapshotStore } from './snapshots/snapshot-store.port.js';
import { Snapshotting } from './snapshots/snapshotting.js';
import type { UpcasterEntry } from './upcasting/upcaster.js';
import { Upcasters } from './upcasting/upcasters.js';

/** The option `eventStore`, with every default filled in. */
export interface ResolvedEventStore {
  /** Undefined where the application has none. */
  readonly store: EventStore<unknown> | undefined;
  readonly snapshots: SnapshotStore;
  readonly unknownEvents: UnknownEvents;
  readonly upcasters: readonly UpcasterEntry[];
  readonly publish: PublishMode;
}

/** What event sourcing takes from the options of the module. */
export interface EventSourcingOptions {
  readonly eventStore: ResolvedEventStore;
  readonly maxPayloadBytes: number;
  readonly maxDepth: number;
}

/** What event sourcing needs of the application. */
export interface EventSourcingParts {
  readonly messages: MessageRegistry;
  readonly rehydrator: Rehydrator;
  readonly ambient: AmbientStore;
  readonly channel: NotificationChannel;
  readonly publication: StoredEventPublication;
  readonly transactions: CurrentTransaction;
}

type Repository = AggregateRepository<EventSourcedAggregate> | DeciderRepository<unknown, object, object>;

/** Everything about stored events in one application. It costs nothing where there is no store. */
export class EventSourcing {
  readonly log: EventLog;
  private readonly states: StreamStates;
  private readonly models: AggregateModels;
  readonly upcasters = new Upcasters();
  readonly reader: EventReader;
  private readonly writer: EventWriter;
  /** What is wrong with the upcasters that the options name. */
  private readonly wrongUpcasters: readonly string[];
  private readonly repositories = new Map<object, Repository>();
  private isChecked = false;
  private readonly logger = new Logger('Dispatch');
  /** The stores that were asked to open, in that order. */
  private readonly opened: Pick<SnapshotStore, 'close'>[] = [];

  constructor(
    private readonly options: EventSourcingOptions,
    private readonly parts: EventSourcingParts,
  ) {
    const { eventStore, maxPayloadBytes: maxBytes, maxDepth } = options;
    const { store, snapshots, unknownEvents, publish } = eventStore;
    const { messages, rehydrator, ambient, channel, publication, transactions } = parts;
    const { upcasters } = this;
    this.wrongUpcasters = eventStore.upcasters.flatMap((entry) => upcasters.add(entry));
    this.reader = new EventReader({ messages, rehydrator, unknownEvents, upcasters });
    this.writer = new EventWriter({ messages, limits: { maxBytes, maxDepth }, ambient });
    const { reader, writer } = this;
    const snapshotting = new Snapshotting(snapshots, channel);
    this.log = new EventLog({ store, reader, writer, upcasters, transactions });
    const storing = { store, reader, writer, snapshotting, channel, transactions };
    this.states = new StreamStates({ ...storing, publication, publish });
    this.models = new AggregateModels(messages, store !== undefined);
    // What is stored says which message it is because of.
    if (store !== undefined) ambient.want();
  }

  /** Where events are stored; undefined where the application has none. */
  get store(): EventStore<unknown> | undefined {
    return this.options.eventStore.store;
  }

  /** The same. @throws DISPATCH_EVENT_STORE_NOT_CONFIGURED */
  knownStore(): EventStore<unknown> {
    const { store } = this;
    if (store === undefined) throw new EventStoreNotConfiguredError();
    return store;
  }

  /** Has every append of the application go through a hook. */
  intercept(hook: AppendHook): void {
    this.writer.intercept(hook);
  }

  /** Adds an upcaster that was found. @returns what is wrong with it */
  addUpcaster(entry: UpcasterEntry): readonly string[] {
    return this.upcasters.add(entry);
  }

  /**
   * The repository of a class of aggregates, or of a decider: one for each.
   *
   * @throws DISPATCH_INVALID_AGGREGATE where something is wrong with it that comes too late to be told at bootstrap
   */
  repositoryOf(source: AggregateClass | AnyDecider): Repository {
    const known = this.repositories.get(source);
    if (known !== undefined) return known;
    const repository = this.makeRepository(source);
    this.repositories.set(source, repository);
    return repository;
  }

  /** What is wrong with upcasters, once all message classes are known. */
  upcasterProblems(): readonly string[] {
    return [...this.wrongUpcasters, ...this.upcasters.problems(this.parts.messages)];
  }

  /** What is wrong with the aggregates that repositories were made for. */
  aggregateProblems(): readonly string[] {
    this.isChecked = true;
    return this.models.problems;
  }

  /** Connects to the stores. @throws what they reject with */
  async open(): Promise<void> {
    const { store, snapshots } = this.options.eventStore;
    if (store === undefined) return;
    this.opened.push(store);
    await store.open?.();
    this.opened.push(snapshots);
    await snapshots.open?.();
  }

  /** Ends subscriptions, then what the stores have opened. */
  async close(): Promise<void> {
    this.log.close();
    for (const store of this.opened.splice(0).toReversed()) {
      try {
        await store.close?.();
      } catch (error) {
        this.logger.warn(`Could not close a store of "eventStore": ${errorText(error)}`);
      }
    }
  }

  private makeRepository(source: AggregateClass | AnyDecider): Repository {
    const { states } = this;
    if (typeof source === 'function') {
      const model = aggregateModelOf(source);
      this.check(model);
      return new AggregateRepository(model, states);
    }
    // Whoever injects the repository says of what types it is, by naming the decider.
    const decider = source as Decider<unknown, object, object>;
    const model = deciderModelOf(decider);
    this.check(model);
    return new DeciderRepository(decider, model, states);
  }

  private check(model: CheckedModel): void {
    const before = this.models.problems.length;
    this.models.add(model);
    const problem = this.models.problems[before];
    if (this.isChecked && problem !== undefined)
      throw new InvalidAggregateError(model.label, `cannot be used: ${problem}`);
  }
}
