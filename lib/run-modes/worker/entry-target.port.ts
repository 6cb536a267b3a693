import type { DeliveryFacts, MessageContext } from '../../message/message-context.js';
import type { PreparedHandler } from '../../pipeline/handler-preparation.js';
import type { EntryData } from '../queue/entry-data.js';

/** The message of an entry, ready to be handled. */
export interface EntryTarget {
  readonly handler: PreparedHandler;
  readonly message: object;
  /** The context of one attempt. */
  contextOf(delivery: DeliveryFacts, timeoutMs: number): MessageContext;
  /** Runs the handler with everything around it, and tells observers. Rejects with what it throws. */
  run(context: MessageContext): Promise<unknown>;
}

/** What the entry is, and to which handler of this process it goes; looked up for each attempt. */
export interface EntryTargets {
  /**
   * Makes a message of an entry and finds its handler.
   *
   * @param entryId what a message of a schedule takes its id from
   * @returns what is missing here, as the end of a sentence; or, for an event whose sender named no handler, the keys of
   * all that it has here
   * @throws DISPATCH_UNREADABLE_MESSAGE where the payload does not make a message of its class
   */
  find(
    data: EntryData,
    entryId: string,
  ): EntryTarget | { readonly missing: string } | { readonly handlers: readonly string[] };
  /** Stores one entry for each handler of an event. Repeated, it stores nothing twice. */
  fanOut(data: EntryData, entryId: string, queue: string): Promise<void>;
}
