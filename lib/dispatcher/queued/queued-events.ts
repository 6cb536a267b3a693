import type { Envelope } from '../../message/envelope.js';
import type { ContextOwner, MessageContext, PublishOptions, SendOptions } from '../../message/message-context.js';
import type { DecisionLog } from '../../notifications/decisions/decision-log.js';
import { EventHandlingError, InvalidSendOptionsError } from '../errors.js';
import type { EventDelivery } from '../event-delivery.js';
import type { EventRoute, PlacedHandler, Routes } from '../routes.js';
import { placedByCall } from './placement.js';
import type { QueuedDispatch, QueuedHandler } from './queued-dispatch.js';

/** An event on its way to handlers of which some run behind queues. */
export interface QueuedEvent {
  readonly route: EventRoute;
  readonly envelope: Envelope;
  readonly parent: MessageContext | undefined;
  readonly owner: ContextOwner;
}

interface Split {
  readonly local: readonly PlacedHandler[];
  readonly queued: readonly (QueuedHandler & { readonly name: string })[];
}

/** Delivers events: to the handlers here at once, to those behind queues as one entry for each. */
export class QueuedEvents {
  constructor(
    private readonly queued: QueuedDispatch,
    private readonly delivery: EventDelivery,
    private readonly routes: Pick<Routes, 'knows'>,
    private readonly decisions: DecisionLog,
  ) {}

  /** Whether the handlers of an event can not all be run in the publisher's turn. */
  concerns(route: EventRoute, options: SendOptions | undefined): boolean {
    if (route.queuedCount > 0 || options?.runMode !== undefined || options?.queue !== undefined) return true;
    if (options?.delayMs !== undefined || options?.at !== undefined || options?.deduplicationId !== undefined)
      return true;
    return route.handlers.length === 0 && this.queued.placementElsewhere(route.definition, options) !== undefined;
  }

  /**
   * Starts the handlers here, then stores the entries of the others. Resolves when all of them are stored; in a transaction they are once it
   * is committed, and nobody waits for that.
   *
   * @throws DISPATCH_EVENT_HANDLING where several entries were not stored, or the error of the one that was not
   */
  async deliver(event: QueuedEvent, options: SendOptions | undefined): Promise<void> {
    const { envelope, parent, owner } = event;
    const { local, queued } = this.place(event, options);
    await this.delivery.deliver({ handlers: local, queuedCount: queued.length }, envelope, parent, owner);
    await this.postIn(event, queued, options);
  }

  /**
   * In a transaction what goes through the outbox is written in it; the rest waits until it is committed, since it may be rolled back.
   *
   * @throws DISPATCH_EVENT_HANDLING where several entries were not stored, or the error of the one that was not
   */
  private async postIn(event: QueuedEvent, queued: Split['queued'], options: SendOptions | undefined): Promise<void> {
    const { transaction } = this.delivery;
    if (transaction === undefined) return this.postAll(event, queued, options);
    const { kind } = event.envelope;
    const written = queued.filter(({ placement }) => this.queued.isWritten(kind, placement));
    const later = queued.filter((handler) => !written.includes(handler));
    if (later.length > 0) transaction.afterCommit(() => this.postAll(event, later, options));
    await this.postAll(event, written, options);
  }

  private async postAll(
    { envelope, parent }: QueuedEvent,
    queued: Split['queued'],
    options: SendOptions | undefined,
  ): Promise<void> {
    const ends = await Promise.allSettled(
      queued.map((handler) => this.queued.post(envelope, handler, options, parent)),
    );
    const errors = ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new EventHandlingError(envelope.name, errors, queued.length);
  }

  /**
   * The same, and resolves when every handler here is done, and every other has the event in its queue, or is done too.
   *
   * @throws DISPATCH_EVENT_HANDLING
   */
  async deliverAndWait(
    event: QueuedEvent,
    options: PublishOptions | undefined,
    queuedUntil: 'stored' | 'handled',
  ): Promise<void> {
    const { envelope, parent, owner } = event;
    const { local, queued } = this.place(event, options);
    const isInTransaction = this.delivery.transaction !== undefined;
    // To wait for what begins after the commit would be to wait for oneself.
    if (isInTransaction) await this.postIn(event, queued, options);
    const alongside = (isInTransaction ? [] : queued).map((handler) => {
      const sent = queuedUntil === 'stored' ? this.queued.post(envelope, handler, options, parent) : undefined;
      return { handler: handler.name, done: sent ?? this.queued.execute(envelope, handler, options) };
    });
    const waitFor = options?.await ?? 'handlers';
    const route = { handlers: local, queuedCount: queued.length };
    await this.delivery.deliverAndWait(route, envelope, parent, { owner, waitFor, alongside });
  }

  private place(event: QueuedEvent, options: SendOptions | undefined): Split {
    const split = this.split(event, options);
    const { decisions } = this;
    if (!decisions.active) return split;
    for (const { facts, placement } of split.local) {
      decisions.routed(event.envelope, facts.key, placedByCall(placement, options));
    }
    for (const { key, placement } of split.queued) decisions.routed(event.envelope, key, placement);
    return split;
  }

  private split({ route, envelope }: QueuedEvent, options: SendOptions | undefined): Split {
    const { definition, handlers } = route;
    const elsewhere = handlers.length === 0 ? this.queued.placementElsewhere(definition, options) : undefined;
    if (elsewhere !== undefined) {
      return { local: [], queued: [{ key: undefined, name: '(elsewhere)', placement: elsewhere }] };
    }
    const local: PlacedHandler[] = [];
    const queued: Split['queued'][number][] = [];
    for (const handler of handlers) {
      const { phase } = handler;
      const placement = this.queued.placementOf(handler, options, envelope.name);
      if (placement instanceof Error) throw placement;
      // Whatever the call says: such a phase is over when a queue hands the event out.
      const staysHere = placement === undefined || phase === 'beforeCommit' || phase === 'afterRollback';
      if (staysHere) local.push(handler);
      else if (!this.routes.knows(definition.target)) throw unknownName(handler, definition.name);
      else queued.push({ key: handler.facts.key, name: handler.facts.name, placement });
    }
    return { local, queued };
  }
}

/** A handler of a base class takes the event, but where the queue leads nobody knows what its name stands for. */
function unknownName({ facts }: PlacedHandler, messageName: string): InvalidSendOptionsError {
  return new InvalidSendOptionsError(
    messageName,
    `${facts.name} handles it by its base class and behind a queue, where no handler names it: add the class to the option "messages" of DispatchModule`,
  );
}
