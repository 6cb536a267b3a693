import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { StoredEventPublication } from '../../events/stored-event-publication.js';
import { EventsNotPublishedNotification } from '../../notifications/event-store/event-store-notifications.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { transactionFor, type CurrentTransaction } from '../enlisting.js';
import { EventStoreNotConfiguredError } from '../errors.js';
import type { Transaction } from '../../transactions/transaction.js';
import type { AppendResult, EventStore } from '../event-store.port.js';
import type { Appended, EventWriter, WriteOptions } from '../event-writer.js';
import type { EventReader } from '../reading/event-reader.js';
import { pagesOfStream } from '../reading/pages.js';
import type { Snapshotting, VersionedState } from '../snapshots/snapshotting.js';
import type { StateModel } from './state-model.js';

/** Which events of aggregates go to the event bus: all of them once they are stored, or none. */
export type PublishMode = 'afterAppend' | 'never';

/** What states of streams need; all of it lives as long as the application. */
export interface StreamStatesParts {
  readonly store: EventStore<unknown> | undefined;
  readonly reader: EventReader;
  readonly writer: EventWriter;
  readonly snapshotting: Snapshotting;
  readonly channel: NotificationChannel;
  readonly publication: StoredEventPublication;
  readonly publish: PublishMode;
  readonly transactions: CurrentTransaction;
}

/** One change of a stream: the events to append, and the version they were decided on. */
export interface StreamChange<S> {
  readonly id: string;
  readonly version: number;
  readonly events: readonly object[];
  /** The state after the events, once they are stored; undefined where it has moved on since. */
  readonly stateAfter: () => VersionedState<S> | undefined;
  /** Called where the events, once appended, are not stored after all. */
  readonly undo?: () => void;
}

/** Makes states out of streams, and appends to these what comes of the states. */
export class StreamStates {
  private readonly logger = new Logger('EventStore');

  constructor(private readonly parts: StreamStatesParts) {}

  /** The state of a stream, from its snapshot and the events behind that. @throws what `EventLog#readStream` throws */
  async load<S>(
    model: StateModel<S>,
    id: string,
    options: Pick<WriteOptions, 'transaction'>,
  ): Promise<VersionedState<S>> {
    const transaction = transactionFor(options.transaction, this.parts.transactions);
    const stream = streamOf(model, id);
    const { snapshotting } = this.parts;
    const snapshot = await snapshotting.load(model, stream, id);
    const found = await this.replay(model, id, snapshot, transaction);
    if (found !== undefined) {
      const before = snapshot?.version ?? 0;
      // What is read in a transaction may be rolled back.
      if (transaction === undefined) await snapshotting.save(model, stream, before, found);
      return found;
    }
    await snapshotting.discard(stream, snapshot?.version ?? 0);
    return (await this.replay(model, id, undefined, transaction)) ?? { state: model.create(id), version: 0 };
  }

  /**
   * Appends the events of a change; then publishes, and takes a snapshot. In a transaction the change is taken back where that is rolled
   * back. @throws what `EventLog#append` throws
   */
  async append<S>(model: StateModel<S>, change: StreamChange<S>, options: WriteOptions): Promise<AppendResult> {
    const stream = streamOf(model, change.id);
    const { writer, snapshotting, transactions } = this.parts;
    const { current } = transactions;
    const transaction = transactionFor(options.transaction, transactions);
    const written = { ...options, transaction, expectedVersion: change.version };
    const appended = await writer.append(this.store(), stream, change.events, written);
    const { undo } = change;
    const isOurs = current?.isForeign === false && transaction === current.handle;
    // First: it refuses what has been rolled back meanwhile.
    if (isOurs && undo !== undefined) current.afterRollback(undo);
    const after = change.stateAfter();
    if (isOurs) {
      // Written as it is now: by the end of the transaction it may have moved on.
      const save = after && snapshotting.take(model, stream, change.version, after);
      await this.publishWithin(current, () => this.publish(stream, change.events, appended, options));
      if (save !== undefined) current.afterCommit(save);
    } else if (transaction === undefined) {
      // First: a slow store of snapshots must not keep back what is stored.
      await this.publish(stream, change.events, appended, options);
      if (after !== undefined) await snapshotting.save(model, stream, change.version, after);
    }
    return { version: appended.version, position: appended.position };
  }

  /** Publishes in a transaction, where what handles the events waits for its end by itself. */
  private async publishWithin(transaction: Transaction, publish: () => Promise<void>): Promise<void> {
    if (this.parts.publication.isHeldBack) await publish();
    else transaction.afterCommit(publish);
  }

  /** Undefined where the snapshot is not one of this stream. */
  private async replay<S>(
    model: StateModel<S>,
    id: string,
    snapshot: VersionedState<S> | undefined,
    transaction: unknown,
  ): Promise<VersionedState<S> | undefined> {
    const { reader } = this.parts;
    let { state, version } = snapshot ?? { state: model.create(id), version: 0 };
    let isFirst = snapshot !== undefined;
    // From the last event of the snapshot on: where the stream does not have that, the snapshot is of another one.
    const from = Math.max(1, version);
    for await (const page of pagesOfStream(this.store(), streamOf(model, id), { from, transaction })) {
      for (const stored of page) {
        if (isFirst && stored.version !== version) return undefined;
        if (!isFirst) for (const { event } of reader.read(stored)) state = model.apply(state, event);
        isFirst = false;
        version = stored.version;
      }
    }
    return isFirst ? undefined : { state, version };
  }

  private async publish(
    stream: string,
    events: readonly object[],
    { written, version }: Appended,
    { context }: WriteOptions,
  ): Promise<void> {
    const { publish, publication, channel } = this.parts;
    if (publish === 'never' || events.length === 0) return;
    const facts = written.map(({ id, metadata }, index) => ({ event: events[index] ?? {}, id, headers: metadata }));
    const errors = await publication.publish(facts, context);
    if (errors.length === 0) return;
    const what = `${errors.length} of ${events.length} events stored in "${stream}" up to version ${version}`;
    this.logger.error(`${what} could not be published: ${errorText(errors[0])}`);
    if (!channel.wants(EventsNotPublishedNotification)) return;
    channel.publish(new EventsNotPublishedNotification(stream, version, events, errors));
  }

  private store(): EventStore<unknown> {
    const { store } = this.parts;
    if (store === undefined) throw new EventStoreNotConfiguredError();
    return store;
  }
}

/** The name of a stream. */
export function streamOf({ category }: { readonly category: string }, id: string): string {
  return `${category}-${id}`;
}
