import { Subject } from 'rxjs';

import type { Envelope } from '../message/envelope.js';
import type { ContextOwner } from '../message/message-context.js';

/** An event on its way to those who watch all events. */
export interface PublishedEvent {
  readonly envelope: Envelope;
  /** Sends what is sent because of the event. */
  readonly owner: ContextOwner;
  /** Where sagas put what they sent because of this event; undefined where the publisher does not wait for it. */
  readonly reactions: Promise<unknown>[] | undefined;
}

/** What passes the dispatcher, for the buses and the sagas to watch. */
export class MessageStreams {
  readonly commands = new Subject<object>();
  readonly queries = new Subject<object>();
  readonly events = new Subject<PublishedEvent>();

  /** Ends all streams. */
  complete(): void {
    this.commands.complete();
    this.queries.complete();
    this.events.complete();
  }
}
