import { DispatchNotification } from '../notification.js';

/**
 * Events were stored but not, or not all of them, accepted by the event bus. They are not published later: whoever must see
 * them all reads them from the store.
 */
export class EventsNotPublishedNotification extends DispatchNotification {
  constructor(
    readonly stream: string,
    /** The version of the last of the events. */
    readonly version: number,
    /** All events of the append, published or not. */
    readonly events: readonly object[],
    /** What the bus refused them with, one for each that it refused. */
    readonly errors: readonly unknown[],
  ) {
    super();
  }
}

/** A snapshot could not be used, or not be saved. What was asked for is done without it. */
export class SnapshotFailedNotification extends DispatchNotification {
  constructor(
    readonly stream: string,
    /** `'load'`: the state was made from its events. `'save'`: there is no new snapshot. */
    readonly phase: 'load' | 'save',
    readonly error: unknown,
  ) {
    super();
  }
}
