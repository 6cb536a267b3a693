import { describeValue } from '../common/describe-value.js';
import { DispatchError } from '../common/dispatch-error.js';
import type { ExpectedVersion } from './event-store.port.js';

/** Somebody else has appended to the stream, or its state is not the one that was expected. Nothing was appended. */
export class ConcurrencyError extends DispatchError {
  readonly code = 'DISPATCH_CONCURRENCY';

  constructor(
    readonly stream: string,
    readonly expected: ExpectedVersion,
    /** The version of the stream; 0 where it does not exist. */
    readonly actual: number,
  ) {
    super(
      `The stream "${stream}" has version ${actual}, not ${expectationText(expected)}: read it again, decide anew, and append to that.`,
    );
  }
}

function expectationText(expected: ExpectedVersion): string {
  if (expected === 'none') return '0, as of a new one';
  return expected === 'exists' ? 'one from 1, as of one that exists' : String(expected);
}

/** The stream is archived: it can be read, but nothing can be appended to it. */
export class StreamArchivedError extends DispatchError {
  readonly code = 'DISPATCH_STREAM_ARCHIVED';

  constructor(readonly stream: string) {
    super(`The stream "${stream}" is archived: append to a new stream instead.`);
  }
}

/** The stream was deleted, and its name cannot be used again. */
export class StreamDeletedError extends DispatchError {
  readonly code = 'DISPATCH_STREAM_DELETED';

  constructor(readonly stream: string) {
    super(`The stream "${stream}" was deleted: its events are gone, and its name cannot be used again.`);
  }
}

/** What was to be appended cannot be in any store; the text lists every problem. Nothing was appended. */
export class InvalidAppendError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_APPEND';

  constructor(
    readonly stream: string,
    readonly problems: readonly string[],
  ) {
    super(`Nothing can be appended to ${describeValue(stream)}: ${problems.join('; ')}.`);
  }
}

/** What was to be read cannot be asked of any store; the text lists every problem. */
export class InvalidReadError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_READ';

  constructor(readonly problems: readonly string[]) {
    super(`Events cannot be read: ${problems.join('; ')}.`);
  }
}

/** The store in memory is full. Nothing was appended. */
export class EventStoreFullError extends DispatchError {
  readonly code = 'DISPATCH_EVENT_STORE_FULL';

  constructor(readonly maxEvents: number) {
    super(`The event store in memory holds ${maxEvents} events, its limit: raise "maxEvents", or use a store on disk.`);
  }
}

/** A store of events or snapshots was given options it cannot work with; the text lists every one. */
export class InvalidEventStoreOptionsError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_EVENT_STORE_OPTIONS';

  constructor(
    what: string,
    readonly problems: readonly string[],
  ) {
    super(`${what} ${problems.join('; ')}.`);
  }
}

/** The application has no event store. */
export class EventStoreNotConfiguredError extends DispatchError {
  readonly code = 'DISPATCH_EVENT_STORE_NOT_CONFIGURED';

  constructor() {
    super(
      'There is no event store: give DispatchModule.forRoot() the option "eventStore", such as { store: inMemoryEventStore() }.',
    );
  }
}

/** Which stored event an error is about. */
export interface StoredEventFacts {
  readonly stream: string;
  readonly version: number;
  readonly position: number;
  readonly name: string;
  readonly schemaVersion: number;
}

/** The class of an event is not known here: one to be appended could not be read again, one that was read cannot be made. */
export class UnknownEventError extends DispatchError {
  readonly code = 'DISPATCH_UNKNOWN_EVENT';

  constructor(
    readonly eventName: string,
    readonly schemaVersion: number,
    /** The stored event; undefined where it was to be appended. */
    readonly stored: StoredEventFacts | undefined,
  ) {
    const where = stored === undefined ? '' : ` (${placeOf(stored)})`;
    super(
      `No class is known for the event "${eventName}" of version ${schemaVersion}${where}: name its class in the option "messages" of DispatchModule.`,
    );
  }
}

/** A stored event is not what its name says: its JSON is broken, or its class refuses the data; `cause` says why. */
export class UnreadableEventError extends DispatchError {
  readonly code = 'DISPATCH_UNREADABLE_EVENT';

  constructor(
    readonly stored: StoredEventFacts,
    options: ErrorOptions,
  ) {
    super(
      `The stored event ${placeOf(stored)} cannot be read: see the cause, and mend or upcast what is stored.`,
      options,
    );
  }
}

/** Names a stored event without what is in it. */
export function placeOf({ name, schemaVersion, stream, version, position }: StoredEventFacts): string {
  return `"${name}" v${schemaVersion}, version ${version} of "${stream}", position ${position}`;
}

/** A stored event is of an older version than the class that is known, and no upcaster leads there. */
export class MissingUpcasterError extends DispatchError {
  readonly code = 'DISPATCH_MISSING_UPCASTER';

  constructor(
    readonly stored: StoredEventFacts,
    /** The name and version that upcasters have led to. */
    readonly reached: { readonly name: string; readonly version: number },
    /** The version of the newest class. */
    readonly newestVersion: number,
  ) {
    const { name, version } = reached;
    super(
      `The stored event ${placeOf(stored)} is of "${name}" v${version}, and no upcaster leads from there to version ${newestVersion}: add one.`,
    );
  }
}

/** An upcaster threw, or gave something else than it says; `cause` is what it threw. */
export class UpcastFailedError extends DispatchError {
  readonly code = 'DISPATCH_UPCAST_FAILED';

  constructor(
    readonly stored: StoredEventFacts,
    readonly upcasterName: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`The stored event ${placeOf(stored)} cannot be cast by ${upcasterName}: ${problem}.`, options);
  }
}

/** There is no aggregate with this id: its stream has no events. */
export class AggregateNotFoundError extends DispatchError {
  readonly code = 'DISPATCH_AGGREGATE_NOT_FOUND';

  constructor(
    readonly aggregateName: string,
    readonly id: string,
  ) {
    super(`There is no ${aggregateName} with the id "${id}": save() it first, or ask with find().`);
  }
}

/** An aggregate, or its repository, is used in a way that cannot work. */
export class InvalidAggregateError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_AGGREGATE';

  constructor(
    readonly aggregateName: string,
    problem: string,
  ) {
    super(`${aggregateName} ${problem}.`);
  }
}
