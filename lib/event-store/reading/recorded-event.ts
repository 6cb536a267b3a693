import type { StoredEvent } from '../event-store.port.js';

/**
 * An event that was stored, as an instance of its class, with what the store knows of it. `name` and `schemaVersion` are what it
 * is read as, which upcasters may have made another than it was stored with; what they made several of has one version, position
 * and id.
 */
export interface RecordedEvent<E extends object = object> extends Omit<StoredEvent, 'payload'> {
  /** A `RawEvent` where the class is not known and `unknownEvents` is `'raw'`. */
  readonly event: E;
}

/** A stored event whose class is not known here, as it was stored. */
export class RawEvent {
  constructor(
    readonly name: string,
    readonly schemaVersion: number,
    /** The fields as the codec reads them; nothing in it is an instance of a class of the application. */
    readonly payload: unknown,
  ) {}
}

/**
 * What to do about a stored event whose class is not known: `'fail'` ends the reading with an `UnknownEventError`, `'skip'`
 * leaves it out, `'raw'` gives it as a `RawEvent`.
 */
export type UnknownEvents = 'fail' | 'skip' | 'raw';
