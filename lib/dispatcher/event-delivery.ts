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

/** Hands an event to its handlers, each on its own: one that fails is reported and changes nothing for the others. */
export class EventDelivery {
  constructor(
    private readonly runMode: SyncRunMode,
    private readonly streams: MessageStreams,
    private readonly channel: NotificationChannel,
    private readonly ambient: AmbientStore,
  ) {}

  /** Starts the handlers in the caller's turn, in the order of the route, then tells those who watch all events. */
  deliver(
    route: LocalHandlers,
    envelope: Envelope,
    parent: MessageContext | undefined,
    owner: ContextOwner,
  ): Promise<void> {
    const isTold = this.channel.active;
    if (isTold) this.tellPublished(route, envelope);
    for (const handler of route.handlers) {
      const context = new MessageContext(envelope, handler.facts, parent, owner);
      void this.runMode.runDetached(handler, context, isTold ? this.telling() : undefined);
    }
    if (this.streams.events.observed) this.streams.events.next({ envelope, owner, reactions: undefined });
    return ACCEPTED;
  }

  /** The same, then waits. @throws EventHandlingError naming each handler that failed */
  async deliverAndWait(
    route: LocalHandlers,
    envelope: Envelope,
    parent: MessageContext | undefined,
    { owner, waitFor, alongside }: WaitOptions,
  ): Promise<void> {
    const isTold = this.channel.active;
    if (isTold) this.tellPublished(route, envelope);
    const errors: unknown[] = [];
    const running = route.handlers.map((handler) => {
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
