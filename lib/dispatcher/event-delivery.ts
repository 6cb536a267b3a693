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
import type { HandlingObserver, SyncRunMode } from '../run-modes/sync-run-mode.js';
import { EventHandlerFailedError, EventHandlingError } from './errors.js';
import type { MessageStreams } from './message-streams.js';
import type { EventRoute } from './routes.js';

const ACCEPTED = Promise.resolve();

/** How a publisher who waits wants it. */
export interface WaitOptions {
  readonly owner: ContextOwner;
  readonly waitFor: 'handlers' | 'sagas';
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
    route: EventRoute,
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
    route: EventRoute,
    envelope: Envelope,
    parent: MessageContext | undefined,
    { owner, waitFor }: WaitOptions,
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
    await Promise.all(running);
    const settled = waitFor === 'sagas' ? await Promise.allSettled(reactions) : [];
    for (const reaction of settled) if (reaction.status === 'rejected') errors.push(reaction.reason);
    if (errors.length > 0) throw new EventHandlingError(envelope.name, errors, running.length + settled.length);
  }

  /** Answers a publisher whose event was not accepted. Publishers seldom look, so the failure is reported as well. */
  refuse(event: object, error: Error): Promise<void> {
    const refused = Promise.reject(error);
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

  private tellPublished(route: EventRoute, envelope: Envelope): void {
    this.ambient.want();
    if (this.channel.wants(EventPublishedNotification)) {
      this.channel.publish(new EventPublishedNotification(envelope, route.handlers.length));
    }
    if (route.handlers.length === 0 && this.channel.wants(MessageUnhandledNotification)) {
      this.channel.publish(new MessageUnhandledNotification(envelope));
    }
  }
}
