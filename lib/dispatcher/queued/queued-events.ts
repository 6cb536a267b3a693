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
    const { transaction } = this.delivery;
    if (transaction === undefined) await this.postAll(envelope, queued, options);
    else if (queued.length > 0) transaction.afterCommit(() => this.postAll(envelope, queued, options));
  }

  /** @throws DISPATCH_EVENT_HANDLING where several entries were not stored, or the error of the one that was not */
  private async postAll(envelope: Envelope, queued: Split['queued'], options: SendOptions | undefined): Promise<void> {
    const ends = await Promise.allSettled(queued.map((handler) => this.queued.post(envelope, handler, options)));
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
    const { transaction } = this.delivery;
    if (transaction !== undefined) transaction.afterCommit(() => this.postAll(envelope, queued, options));
    const waitedFor = transaction === undefined ? queued : [];
    const alongside = waitedFor.map((handler) => {
      const sent = queuedUntil === 'stored' ? this.queued.post(envelope, handler, options) : undefined;
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
