import type { EventBus } from '../buses/event-bus.js';
import type { MessageHeaders } from '../message/headers.js';
import type { HandlerContext } from '../message/message-context.js';

/** An event that was stored, to be published. */
export interface StoredFact {
  readonly event: object;
  /** That of the stored event; the published message has it, too, so that its handlers know one from another. */
  readonly id: string;
  readonly headers: MessageHeaders;
}

/** Hands events that were stored to the event bus. */
export class StoredEventPublication {
  constructor(
    private readonly bus: EventBus,
    /** Whether what is published in a transaction waits by itself until that has committed. */
    readonly isHeldBack: boolean,
  ) {}

  /**
   * Publishes events in their order, and resolves when all are accepted, or refused.
   *
   * @returns what each of those was refused with that could not be published
   */
  async publish(facts: readonly StoredFact[], context: HandlerContext | undefined): Promise<readonly unknown[]> {
    const each = facts.map(({ event, id, headers }) =>
      this.bus.publish(event, context === undefined ? { id, headers } : { id, headers, context }),
    );
    const outcomes = await Promise.allSettled(each);
    return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  }
}
