import { transactionFor, type CurrentTransaction } from './enlisting.js';
import { EventStoreNotConfiguredError } from './errors.js';
import type { AppendResult, EventStore, StoredEvent, StreamFacts } from './event-store.port.js';
import type { AppendOptions, EventWriter } from './event-writer.js';
import type { EventReader, VersionOptions } from './reading/event-reader.js';
import {
  followPages,
  pagesOfAll,
  pagesOfStream,
  type ReadAllOptions,
  type ReadStreamOptions,
  type SubscribeOptions,
} from './reading/pages.js';
import type { RecordedEvent } from './reading/recorded-event.js';
import type { Upcasters } from './upcasting/upcasters.js';

/** What an event log needs; all of it lives as long as the application. */
export interface EventLogParts {
  /** Undefined where the application has none. */
  readonly store: EventStore<unknown> | undefined;
  readonly reader: EventReader;
  readonly writer: EventWriter;
  readonly upcasters: Upcasters;
  readonly transactions: CurrentTransaction;
}

/**
 * The door to the event store: takes and gives events as instances of their classes. Inject it where no aggregate is needed.
 *
 * Every method rejects with `DISPATCH_EVENT_STORE_NOT_CONFIGURED` where the application has no store; what is read is asked for
 * page by page as the iteration goes on, so memory does not grow with what there is to read.
 *
 * In a transaction of the option `transactions`, `append()` and `readStream()` are part of it, unless they are given another one.
 *
 * @typeParam Transaction what the store takes as the caller's own transaction
 *
 * @example
 * ```ts
 * await log.append('order-7', [new OrderPlaced('7')], { expectedVersion: 'none' });
 * for await (const { event, version } of log.readStream('order-7')) console.log(version, event);
 * ```
 */
export class EventLog<Transaction = unknown> {
  private readonly closing = new AbortController();

  constructor(private readonly parts: EventLogParts) {}

  /**
   * Appends events to a stream, all of them or none; to publish them is not its business. At most 1000 at once, each with at
   * most `maxPayloadBytes` of the module as JSON.
   *
   * @throws DISPATCH_CONCURRENCY where the stream has another version
   * @throws DISPATCH_INVALID_APPEND for a name that is not `category-id`, a wrong expected version, or too many events
   * @throws DISPATCH_UNKNOWN_EVENT for an event whose class no handler, aggregate or `messages` of the module names
   * @throws DISPATCH_UNSERIALIZABLE_MESSAGE, DISPATCH_MESSAGE_TOO_LARGE
   * @throws DISPATCH_STREAM_ARCHIVED, DISPATCH_STREAM_DELETED
   */
  async append(stream: string, events: readonly object[], options: AppendOptions<Transaction>): Promise<AppendResult> {
    const { writer } = this.parts;
    const { version, position } = await writer.append(this.store(), stream, events, this.enlisted(options));
    return { version, position };
  }

  /**
   * The events of a stream; none where there is no such stream.
   *
   * @throws DISPATCH_STREAM_DELETED, DISPATCH_INVALID_READ
   * @throws DISPATCH_UNKNOWN_EVENT where `unknownEvents` is `'fail'`
   * @throws DISPATCH_UNREADABLE_EVENT, DISPATCH_MISSING_UPCASTER, DISPATCH_UPCAST_FAILED
   */
  readStream<E extends object = object>(
    stream: string,
    options: ReadStreamOptions<Transaction> & VersionOptions = {},
  ): AsyncIterable<RecordedEvent<E>> {
    return this.eventsOf(options, () => pagesOfStream(this.store(), stream, this.enlisted(options)));
  }

  /**
   * The events there are now, in the order of their positions. `names` are those they are read as, whatever they were stored as.
   *
   * @throws the same as `readStream()`, but for deleted streams
   */
  readAll<E extends object = object>(options: ReadAllOptions & VersionOptions = {}): AsyncIterable<RecordedEvent<E>> {
    return this.eventsOf(options, () => pagesOfAll(this.store(), this.asStored(options)));
  }

  /**
   * The events there are and those that come, in the order of their positions, none of them left out or given twice. It ends
   * when its signal aborts, when the loop over it is left, and when the application closes. It remembers nothing: keep the
   * position of what has been handled, and begin behind that. What upcasters make of one stored event, if they make several, has one
   * position: it is handled once an event with a higher one has come, so keep that of the event before until then.
   *
   * @throws the same as `readAll()`; the subscription is over then
   */
  subscribe<E extends object = object>(
    options: SubscribeOptions & VersionOptions = {},
  ): AsyncIterable<RecordedEvent<E>> {
    return this.eventsOf(options, () => this.follow(this.asStored(options)));
  }

  /** What is known of a stream without reading it; undefined where there never was one. */
  async stream(stream: string): Promise<StreamFacts | undefined> {
    return this.store().streamFacts(stream);
  }

  /**
   * Closes a stream for ever: it can be read, but not appended to. Its events stay among all events, but for those who say
   * `archived: 'exclude'`.
   *
   * @returns false where there is no such stream
   * @throws DISPATCH_STREAM_DELETED
   */
  async archive(stream: string): Promise<boolean> {
    return this.store().archive(stream);
  }

  /**
   * Removes the events of a stream for ever, from among all events too. Nobody is told: where read models must know, append an
   * event that says so first.
   *
   * @returns false where there is no such stream
   */
  async delete(stream: string): Promise<boolean> {
    return this.store().delete(stream);
  }

  /** Ends every subscription. */
  close(): void {
    this.closing.abort();
  }

  private store(): EventStore<Transaction> {
    const { store } = this.parts;
    if (store === undefined) throw new EventStoreNotConfiguredError();
    return store;
  }

  private enlisted<O extends { readonly transaction?: Transaction | undefined }>(options: O): O {
    const transaction = transactionFor(options.transaction, this.parts.transactions);
    return transaction === options.transaction ? options : { ...options, transaction };
  }

  private async *follow({ signal, ...options }: SubscribeOptions) {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const outer = [signal, this.closing.signal].filter((one) => one !== undefined);
    // By hand: what `AbortSignal.any` makes of a signal that lives long is kept as long as that.
    for (const one of outer) one.addEventListener('abort', end);
    try {
      if (outer.some(({ aborted }) => aborted)) return;
      for await (const { events } of followPages(this.store(), { ...options, signal: ending.signal })) yield events;
    } finally {
      for (const one of outer) one.removeEventListener('abort', end);
    }
  }

  /** Reads the pages when the first event is asked for, so that a mistake rejects there. */
  private async *eventsOf<E extends object>(
    options: VersionOptions & { readonly names?: readonly string[] | undefined },
    pages: () => AsyncIterable<readonly StoredEvent[]>,
  ): AsyncGenerator<RecordedEvent<E>, void, undefined> {
    const { reader } = this.parts;
    const { names } = options;
    for await (const page of pages()) {
      for (const stored of page) {
        for (const event of reader.read(stored, options)) {
          const isWanted = names === undefined || names.includes(event.name) || names.includes(stored.name);
          // The caller's own statement of what is in there, like the type argument of a query.
          if (isWanted) yield event as RecordedEvent<E>;
        }
      }
    }
  }

  /** The same, with the names under which older events may be stored. */
  private asStored<O extends { readonly names?: readonly string[] | undefined }>(options: O): O {
    const { names } = options;
    return Array.isArray(names) ? { ...options, names: this.parts.upcasters.storedNamesOf(names) } : options;
  }
}
