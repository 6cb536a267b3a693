import type { MessageHeaders } from '../message/headers.js';

/**
 * Which version a stream must have for an append to succeed. A number is the version of its last event, 0 for a stream
 * without any; `'none'` is the same as 0; `'exists'` is any version from 1; `'any'` asks for nothing, and two writers who
 * use it overwrite nothing but may both decide on an old state.
 */
export type ExpectedVersion = number | 'none' | 'exists' | 'any';

/** What is kept beside the payload: the headers of the message whose handler wrote the event, and the writer's own. */
export type EventMetadata = MessageHeaders;

/** An event as a store takes it. */
export interface NewEvent {
  /** Unique: a UUID. Stores do not check it. */
  readonly id: string;
  /** The wire name of the event's class. */
  readonly name: string;
  /** The version of the payload's shape, from 1; has nothing to do with the version of the stream. */
  readonly schemaVersion: number;
  /** The fields of the event as JSON. A store gives back this very text. */
  readonly payload: string;
  readonly metadata: EventMetadata;
}

/** An event as a store gives it. */
export interface StoredEvent extends NewEvent {
  /** The stream it is in: `category-id`. */
  readonly stream: string;
  /** Its place in the stream, from 1, without gaps. */
  readonly version: number;
  /**
   * Its place among all events of the store: a safe integer from 1 that rises within a stream and between streams. There
   * may be gaps, where an append failed or a stream was deleted.
   */
  readonly position: number;
  /** When the store took it, by the clock of the store. */
  readonly recordedAt: Date;
}

/** How events are appended. */
export interface StoreAppendOptions<Transaction = unknown> {
  readonly expectedVersion: ExpectedVersion;
  /** The caller's own transaction, in whatever form the store takes it: the events are there when that commits. */
  readonly transaction?: Transaction | undefined;
  /** Whether the caller goes on with the events as they were recorded, and reads them where the store does not say. Default false. */
  readonly returnsEvents?: boolean | undefined;
}

/** Where an append has put its events. */
export interface AppendResult {
  /** The version of the last event of the stream. */
  readonly version: number;
  /** The position of the last event appended; 0 where there was none to append. */
  readonly position: number;
}

/** What a store says of an append. */
export interface StoreAppendResult extends AppendResult {
  /** What was appended, as a page of the stream gives it: where it was asked for, and the store knows it without another question. */
  readonly events?: readonly StoredEvent[] | undefined;
}

/** Which page of a stream to read. */
export interface StreamPageQuery<Transaction = unknown> {
  /** The lowest version, from 1. */
  readonly from: number;
  /** The highest version; Infinity where there is no bound. */
  readonly to: number;
  /** `'backwards'` begins with the highest version. */
  readonly direction: 'forwards' | 'backwards';
  /** The most events of the page, from 1. Fewer mean that there are no more. */
  readonly limit: number;
  /** Reads in the caller's transaction, and so sees what that has appended. */
  readonly transaction?: Transaction | undefined;
}

/** Which events of all streams are meant. */
export interface EventFilter {
  /** The wire names of events. Default: all. */
  readonly names?: readonly string[] | undefined;
  /** The categories of streams. Default: all. */
  readonly categories?: readonly string[] | undefined;
  /** Whether events of archived streams are among them. Default `'include'`. */
  readonly archived?: 'include' | 'exclude' | undefined;
}

/** Which page of all events to read. */
export interface AllPageQuery extends EventFilter {
  /** Only events behind this position, from 0. */
  readonly afterPosition: number;
  /** The most events of the page, from 1. */
  readonly limit: number;
}

/** Some of all events, in the order of their positions. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** How far the store has looked: it has no other event that fits up to here. The next page begins behind it. */
  readonly position: number;
  /** Whether there was nothing behind `position` when the page was read. */
  readonly isEnd: boolean;
}

/** What is known of a stream without reading it. */
export interface StreamFacts {
  /** The version of the last event, from 1. */
  readonly version: number;
  readonly isArchived: boolean;
  /** Whether its events are gone for ever. */
  readonly isDeleted: boolean;
}

/**
 * Keeps events in streams. All methods reject where the store cannot be reached, and then nothing is half written.
 *
 * - An append is atomic: all its events are there, with versions that follow each other, or none. Of several appends with the
 *   same expected version, a number or `'none'`, exactly one succeeds. An append that comes back with an error which is none of
 *   those named here may have succeeded: read the stream before trying again.
 * - The order of positions is the order in which events become readable: once a page of all events has been read up to
 *   a position, no event with a lower one appears any more. A store whose transactions may commit in another order than they
 *   took their positions holds back what is not settled.
 * - What was appended is in the next page of its stream that anybody reads, and in pages of all events soon after.
 * - Nothing is delivered: readers ask. {@link EventStore.watch} only says when it is worth asking.
 * - A deleted stream stays deleted: its name cannot be used again, since readers would meet its versions twice.
 *
 * @typeParam Transaction what the store takes as the caller's own transaction; `never` where it takes none
 */
export interface EventStore<Transaction = never> {
  /** Whether all processes see the same, and it is still there after a restart. */
  readonly isShared: boolean;
  /**
   * Appends events to a stream, which is made by its first one. Without events nothing is written, but the expected version
   * is still looked at. Begin with `checkAppend()`, which knows what no store may take.
   *
   * @throws DISPATCH_CONCURRENCY where the stream has another version
   * @throws DISPATCH_STREAM_ARCHIVED, DISPATCH_STREAM_DELETED
   * @throws DISPATCH_INVALID_APPEND, as `checkAppend()` does
   */
  append(
    stream: string,
    events: readonly NewEvent[],
    options: StoreAppendOptions<Transaction>,
  ): Promise<StoreAppendResult>;
  /** Reads a page of a stream; of one that does not exist an empty one. @throws DISPATCH_STREAM_DELETED */
  readStreamPage(stream: string, query: StreamPageQuery<Transaction>): Promise<readonly StoredEvent[]>;
  /** Reads a page of all events. Those of deleted streams are left out. */
  readAllPage(query: AllPageQuery): Promise<EventPage>;
  /** The position of the last event that can be read, or could be until its stream was deleted; 0 where there is none. */
  lastPosition(): Promise<number>;
  /** What is known of a stream; undefined where there never was one. */
  streamFacts(stream: string): Promise<StreamFacts | undefined>;
  /**
   * Closes a stream for ever: it can be read, but not appended to. Doing it again changes nothing.
   *
   * @returns false where there is no such stream
   * @throws DISPATCH_STREAM_DELETED
   */
  archive(stream: string): Promise<boolean>;
  /** Removes the events of a stream for ever. Doing it again changes nothing. @returns false where there is no such stream */
  delete(stream: string): Promise<boolean>;
  /**
   * Calls `wake` whenever there may be new events to read, as often as it likes; returns what ends that. Never throws. Without
   * it subscriptions only ask from time to time.
   */
  watch?(wake: () => void): () => void;
  /** Called once, before the first use: connects. */
  open?(): Promise<void>;
  /** Called once, when the application has closed: ends what the store itself has opened. */
  close?(): Promise<void>;
}
