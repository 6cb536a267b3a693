import { markStored, storedVersionOf, unmarkStored } from '../../events/aggregate-root.js';
import { AggregateNotFoundError, InvalidAggregateError } from '../errors.js';
import type { AppendResult } from '../event-store.port.js';
import type { WriteOptions } from '../event-writer.js';
import type { AggregateModel, EventSourcedAggregate } from './aggregate.decorator.js';
import { retryingOnConflict, type UpdateOptions } from './retry-on-conflict.js';
import type { StreamStates } from './stream-states.js';

/** What an update came to. */
export interface UpdateResult<R> extends AppendResult {
  /** What the change returned. */
  readonly result: R;
}

/**
 * Loads aggregates from their events, and saves what they have applied since. Injected with `@InjectAggregateRepository(Order)`
 * where a module imports `DispatchModule.forFeature([Order])`.
 *
 * Beside what is named, every method rejects with what the event store says, and with what keeps an event from being stored or
 * read: see `EventLog`.
 *
 * @typeParam Transaction what the store takes as the caller's own transaction
 */
export class AggregateRepository<T extends EventSourcedAggregate, Transaction = unknown> {
  /** The ids of aggregates that were loaded or saved. */
  private readonly ids = new WeakMap<T, string>();

  constructor(
    private readonly model: AggregateModel<T>,
    private readonly states: StreamStates,
  ) {}

  /** The aggregate with an id. @throws DISPATCH_AGGREGATE_NOT_FOUND where it has no events */
  async load(id: string, options: Pick<WriteOptions<Transaction>, 'transaction'> = {}): Promise<T> {
    const found = await this.find(id, options);
    if (found === undefined) throw new AggregateNotFoundError(this.model.label, id);
    return found;
  }

  /** The aggregate with an id; undefined where it has no events. */
  async find(id: string, options: Pick<WriteOptions<Transaction>, 'transaction'> = {}): Promise<T | undefined> {
    const { state, version } = await this.states.load(this.model, id, options);
    if (version === 0) return undefined;
    this.ids.set(state, id);
    markStored(state, version);
    return state;
  }

  /**
   * Appends what the aggregate has applied since it was loaded, made or saved, if its stream still has the version it had then; then
   * publishes it through the event bus, unless the module says otherwise. Without anything applied nothing is done.
   *
   * What is stored is stored: an event that the bus refuses is logged, and told as an `EventsNotPublishedNotification`. A process
   * that ends between the two has stored and not published.
   *
   * In a transaction of the option `transactions` the events are appended in it, and heard of as all that is published in one; where it is
   * rolled back, they are uncommitted again, and the version is the one before. In another transaction, given as an option, nothing is
   * published, since nobody knows whether that will commit.
   *
   * @throws DISPATCH_CONCURRENCY where somebody else was faster; the events stay uncommitted
   * @throws DISPATCH_INVALID_AGGREGATE where an aggregate that was not loaded has no id
   */
  async save(aggregate: T, options: WriteOptions<Transaction> = {}): Promise<AppendResult> {
    const events = [...aggregate.getUncommittedEvents()];
    const version = storedVersionOf(aggregate);
    if (events.length === 0) return { version, position: 0 };
    const id = this.ids.get(aggregate) ?? this.model.idOf(aggregate);
    if (id === undefined)
      throw new InvalidAggregateError(this.model.label, 'has no id: give it a field "id", or its decorator an "id"');
    const stateAfter = () => {
      this.ids.set(aggregate, id);
      const left = markStored(aggregate, version + events.length, events);
      return left === 0 ? { state: aggregate, version: version + events.length } : undefined;
    };
    const undo = (): void => unmarkStored(aggregate, version, events);
    return this.states.append(this.model, { id, version, events, stateAfter, undo }, options);
  }

  /**
   * Loads an aggregate, has it changed, and saves it.
   *
   * @returns what `change` returns, with the version and the position of the last event, as `save()` tells them
   * @throws what `load()`, `change` and `save()` throw
   */
  async update<R>(
    id: string,
    change: (aggregate: T) => R | Promise<R>,
    options: UpdateOptions<Transaction> = {},
  ): Promise<UpdateResult<R>> {
    return retryingOnConflict(this.model.label, options, async () => {
      const aggregate = await this.load(id, options);
      const result = await change(aggregate);
      return { result, ...(await this.save(aggregate, options)) };
    });
  }
}
