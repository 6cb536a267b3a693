import type { AmbientStore } from '../message/ambient-context.js';
import type { Envelope } from '../message/envelope.js';
import { MessageContext, type ContextOwner } from '../message/message-context.js';
import {
  EventHandledNotification,
  EventHandlingFailedNotification,
  EventPublishedNotification,
  MessageUnhandledNotification,
} from '../notifications/message-notifications.js';
import type { NotificationChannel } from '../notifications/notification-channel.js';
import type { HandlingObserver, PreparedHandler, SyncRunMode } from '../run-modes/sync-run-mode.js';
import type { Transaction } from '../transactions/transaction.js';
import type { Transactions } from '../transactions/transactions.js';
import { EventHandlerFailedError, EventHandlingError } from './errors.js';
import type { MessageStreams } from './message-streams.js';

const ACCEPTED = Promise.resolve();

/** The handlers of an event that run in the publisher's turn. */
export interface LocalHandlers {
  readonly handlers: readonly PreparedHandler[];
  /** How many others wait behind queues. */
  readonly queuedCount: number;
}

/** A handler of an event that runs behind a queue. */
export interface QueuedReaction {
  readonly handler: string;
  /** Settles when the handler is done with the event, or cannot be reached. */
  readonly done: Promise<unknown>;
}

/** How a publisher who waits wants it. */
export interface WaitOptions {
  readonly owner: ContextOwner;
  readonly waitFor: 'handlers' | 'sagas';
  /** What runs behind queues at the same time, and is waited for as well. */
  readonly alongside: readonly QueuedReaction[];
}

/** An event on its way to handlers. */
interface Delivered {
  readonly route: LocalHandlers;
  readonly envelope: Envelope;
  readonly parent: MessageContext | undefined;
  readonly owner: ContextOwner;
}

/**
 * Hands an event to its handlers, each on its own: one that fails is reported and changes nothing for the others. In a transaction they
 * wait for its end, or, where they ask for it, for its work to be done.
 */
export class EventDelivery {
  constructor(
    private readonly runMode: SyncRunMode,
    private readonly streams: MessageStreams,
    private readonly channel: NotificationChannel,
    private readonly ambient: AmbientStore,
    private readonly transactions: Pick<Transactions, 'current'>,
  ) {}

  /** The transaction that an event published now is part of: what is to hear of it only once it is true waits for its end. @throws DISPATCH_TRANSACTION_OVER */
  get transaction(): Transaction | undefined {
    const { current } = this.transactions;
    // Of one that somebody else has begun, nobody says when it ends.
    return current?.isForeign === true ? undefined : current;
  }

  /** Starts the handlers in the caller's turn, in the order of the route, then tells those who watch all events. @throws DISPATCH_TRANSACTION_OVER */
  deliver(
    route: LocalHandlers,
    envelope: Envelope,
    parent: MessageContext | undefined,
    owner: ContextOwner,
  ): Promise<void> {
    const { transaction } = this;
    const delivered = { route, envelope, parent, owner };
    if (transaction === undefined) {
      this.start(delivered);
      return ACCEPTED;
    }
    for (const handler of route.handlers.filter(isBeforeCommit)) {
      transaction.beforeCommit(() => this.handleWithin(handler, delivered));
    }
    this.startAfter(transaction, delivered);
    return ACCEPTED;
  }

  /**
   * The same, then waits; in a transaction for the handlers that run in it, which then do so at once: to wait for the others would be to wait for
   * oneself. @throws EventHandlingError naming each handler that failed
   */
  async deliverAndWait(
    route: LocalHandlers,
    envelope: Envelope,
    parent: MessageContext | undefined,
    { owner, waitFor, alongside }: WaitOptions,
  ): Promise<void> {
    const { transaction } = this;
    if (transaction !== undefined) {
      return this.handleAtOnce(transaction, { route, envelope, parent, owner });
    }
    const isTold = this.channel.active;
    if (isTold) this.tellPublished(route, envelope);
    const errors: unknown[] = [];
    const running = route.handlers.filter(isNotAfterRollback).map((handler) => {
      const context = new MessageContext(envelope, handler.facts, parent, owner);
      return this.runMode.runDetached(handler, context, this.collecting(errors, isTold));
    });
    const reactions: Promise<unknown>[] = [];
    if (this.streams.events.observed) this.streams.events.next({ envelope, owner, reactions });
    const queued = await Promise.allSettled(alongside.map(({ done }) => done));
    await Promise.all(running);
    for (const [index, end] of queued.entries()) {
      if (end.status === 'fulfilled') continue;
      errors.push(new EventHandlerFailedError(alongside[index]?.handler ?? '', envelope.name, envelope.id, end.reason));
    }
    const settled = waitFor === 'sagas' ? await Promise.allSettled(reactions) : [];
    for (const reaction of settled) if (reaction.status === 'rejected') errors.push(reaction.reason);
    const reactionCount = running.length + queued.length + settled.length;
    if (errors.length > 0) throw new EventHandlingError(envelope.name, errors, reactionCount);
  }

  /** Answers a publisher whose event was not accepted. Publishers seldom look, so the failure is reported as well. */
  refuse(event: object, error: unknown): Promise<void> {
    const refused = Promise.reject<void>(error);
    refused.catch(() => this.runMode.refused(event, error));
    return refused;
  }

  private start({ route, envelope, parent, owner }: Delivered, handlers = route.handlers): void {
    const isTold = this.channel.active;
    if (isTold) this.tellPublished(route, envelope);
    for (const handler of handlers)
      if (isNotAfterRollback(handler)) this.startOne(handler, { envelope, parent, owner });
    if (this.streams.events.observed) this.streams.events.next({ envelope, owner, reactions: undefined });
  }

  private startOne(handler: PreparedHandler, { envelope, parent, owner }: Omit<Delivered, 'route'>): void {
    const context = new MessageContext(envelope, handler.facts, parent, owner);
    void this.runMode.runDetached(handler, context, this.channel.active ? this.telling() : undefined);
  }

  /** Has all handlers hear of the event, once the transaction is over, that were not to do so in it. */
  private startAfter(transaction: Transaction, delivered: Delivered): void {
    const { handlers } = delivered.route;
    const later = handlers.filter((handler) => !isBeforeCommit(handler));
    transaction.afterCommit(() => this.start(delivered, later));
    for (const handler of handlers.filter((each) => !isNotAfterRollback(each))) {
      transaction.afterRollback(() => this.startOne(handler, delivered));
    }
  }

  /** Runs the handlers in the transaction that the publisher is in, one after the other, as its statements are. */
  private async handleAtOnce(transaction: Transaction, delivered: Delivered): Promise<void> {
    const { route, envelope } = delivered;
    this.startAfter(transaction, delivered);
    const handlers = route.handlers.filter(isBeforeCommit);
    const errors: unknown[] = [];
    for (const handler of handlers) {
      try {
        await this.handleWithin(handler, delivered);
      } catch (error) {
        // Also where the publisher catches what it is told.
        transaction.doom(error);
        errors.push(new EventHandlerFailedError(handler.facts.name, envelope.name, envelope.id, error));
      }
    }
    if (errors.length > 0) throw new EventHandlingError(envelope.name, errors, handlers.length);
  }

  /** Runs a handler whose failure is that of the transaction. @throws what it throws */
  private async handleWithin(handler: PreparedHandler, { envelope, parent, owner }: Delivered): Promise<void> {
    const context = new MessageContext(envelope, handler.facts, parent, owner);
    const observer = this.channel.active ? this.telling() : undefined;
    try {
      await this.runMode.run(handler, context);
    } catch (error) {
      observer?.failed(context, error);
      throw error;
    }
    observer?.handled(context);
  }

  private collecting(errors: unknown[], isTold: boolean): HandlingObserver {
    const observer = isTold ? this.telling() : undefined;
    return {
      handled: (context) => observer?.handled(context),
      failed: (context, error) => {
        errors.push(new EventHandlerFailedError(context.handler.name, context.name, context.id, error));
        observer?.failed(context, error);
      },
    };
  }

  private telling(): HandlingObserver {
    const startedAt = performance.now();
    return {
      handled: (context) => {
        if (!this.channel.wants(EventHandledNotification)) return;
        this.channel.publish(new EventHandledNotification(context, performance.now() - startedAt));
      },
      failed: (context, error) => {
        if (!this.channel.wants(EventHandlingFailedNotification)) return;
        this.channel.publish(new EventHandlingFailedNotification(context, error, performance.now() - startedAt));
      },
    };
  }

  private tellPublished({ handlers, queuedCount }: LocalHandlers, envelope: Envelope): void {
    this.ambient.want();
    const handlerCount = handlers.length + queuedCount;
    if (this.channel.wants(EventPublishedNotification)) {
      this.channel.publish(new EventPublishedNotification(envelope, handlerCount));
    }
    if (handlerCount === 0 && this.channel.wants(MessageUnhandledNotification)) {
      this.channel.publish(new MessageUnhandledNotification(envelope));
    }
  }
}

function isBeforeCommit({ phase }: PreparedHandler): boolean {
  return phase === 'beforeCommit';
}

function isNotAfterRollback({ phase }: PreparedHandler): boolean {
  return phase !== 'afterRollback';
}
