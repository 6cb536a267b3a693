import type { AmbientStore } from '../message/ambient-context.js';
import { Envelope } from '../message/envelope.js';
import type { ContextOwner, MessageContext, PublishOptions, SendOptions } from '../message/message-context.js';
import { classOf, nameOf } from '../message/message.js';
import type { DecisionLog } from '../notifications/decisions/decision-log.js';
import type { Admission } from './admission/admission.js';
import { adviceForUnheard } from './admission/misplaced-message.js';
import { parentOf, withoutContext } from './admission/sender.js';
import { InvalidSendOptionsError } from './errors.js';
import type { EventDelivery } from './event-delivery.js';
import type { QueuedDispatch } from './queued/queued-dispatch.js';
import { QueuedEvents } from './queued/queued-events.js';
import type { EventRoute, PlacedHandler, Routes } from './routes.js';

/** The parts an event passes through; all of them live as long as the application. */
export interface EventDispatchParts {
  readonly routes: Routes;
  readonly delivery: EventDelivery;
  readonly queued: QueuedDispatch;
  readonly ambient: AmbientStore;
  readonly decisions: DecisionLog;
  readonly admission: Admission;
  /** Whom the contexts of its handlers send with. */
  readonly owner: ContextOwner;
}

/** Takes events to their handlers: refuses what is none, makes the envelope, finds the route, delivers. */
export class EventDispatch {
  private readonly routes: Routes;
  private readonly delivery: EventDelivery;
  private readonly queuedEvents: QueuedEvents;
  private readonly ambient: AmbientStore;
  private readonly decisions: DecisionLog;
  private readonly admission: Admission;
  private readonly owner: ContextOwner;

  constructor(parts: EventDispatchParts) {
    this.routes = parts.routes;
    this.delivery = parts.delivery;
    this.queuedEvents = new QueuedEvents(parts.queued, parts.delivery, parts.routes, parts.decisions);
    this.ambient = parts.ambient;
    this.decisions = parts.decisions;
    this.admission = parts.admission;
    this.owner = parts.owner;
  }

  publish(event: object, options?: SendOptions, from?: MessageContext): Promise<void> {
    const parent = from ?? parentOf(options, this.ambient);
    const route = this.routeOf(event, parent, options);
    if (route instanceof Error) return this.delivery.refuse(event, route);
    const envelope = new Envelope(event, route.definition, 'event', parent?.envelope, withoutContext(options));
    if (!this.queuedEvents.concerns(route, options)) {
      if (this.decisions.active) this.tellRouted(envelope, route.handlers);
      return this.delivered(route, envelope, parent);
    }
    const delivered = this.queuedEvents.deliver({ route, envelope, parent, owner: this.owner }, options);
    const published = delivered.catch((error: unknown) => this.delivery.refuse(event, error));
    published.catch(() => 'it has been reported');
    return published;
  }

  publishAll(events: readonly object[], options?: SendOptions, from?: MessageContext): Promise<void> {
    if (!Array.isArray(events)) {
      return Promise.reject(new InvalidSendOptionsError(nameOf(events), 'publishAll() takes an array of events'));
    }
    if (options?.id !== undefined && events.length > 1) {
      return Promise.reject(
        new InvalidSendOptionsError(nameOf(events[0]), 'an id is that of one message, not of several'),
      );
    }
    const each = events.map((event: object) => this.publish(event, options, from));
    const published = Promise.all(each).then(() => undefined);
    published.catch(() => 'each event that was refused has been reported');
    return published;
  }

  async publishAndWait(event: object, options?: PublishOptions, from?: MessageContext): Promise<void> {
    await this.publishAndSettle(event, options, from, 'handled');
  }

  /**
   * Publishes an event from outside: resolves when the handlers here are done, and when those behind queues have it in
   * theirs. @throws DISPATCH_EVENT_HANDLING
   */
  async takeIn(event: object, options: SendOptions): Promise<void> {
    await this.publishAndSettle(event, options, undefined, 'stored');
  }

  private delivered(route: EventRoute, envelope: Envelope, parent: MessageContext | undefined): Promise<void> {
    try {
      return this.delivery.deliver(route, envelope, parent, this.owner);
    } catch (error) {
      return this.delivery.refuse(envelope.message, error);
    }
  }

  private async publishAndSettle(
    event: object,
    options: PublishOptions | undefined,
    from: MessageContext | undefined,
    queuedUntil: 'stored' | 'handled',
  ): Promise<void> {
    const parent = from ?? parentOf(options, this.ambient);
    const route = this.routeOf(event, parent, options);
    if (route instanceof Error) throw route;
    const envelope = new Envelope(event, route.definition, 'event', parent?.envelope, withoutContext(options));
    const published = { route, envelope, parent, owner: this.owner };
    if (this.queuedEvents.concerns(route, options)) {
      return this.queuedEvents.deliverAndWait(published, options, queuedUntil);
    }
    if (this.decisions.active) this.tellRouted(envelope, route.handlers);
    const waitFor = options?.await ?? 'handlers';
    await this.delivery.deliverAndWait(route, envelope, parent, { owner: this.owner, waitFor, alongside: [] });
  }

  /** All of them run in the publisher's turn, where nothing is said of that at the call. */
  private tellRouted(envelope: Envelope, handlers: readonly PlacedHandler[]): void {
    for (const { facts, placement } of handlers) this.decisions.routed(envelope, facts.key, placement);
  }

  /** The route of an event, or why it is not accepted. */
  private routeOf(
    event: object,
    parent: MessageContext | undefined,
    options: SendOptions | undefined,
  ): EventRoute | Error {
    const refusal = this.admission.refusal(event, parent, options);
    if (refusal !== undefined) return refusal;
    const route = this.routes.event(classOf(event));
    const advice = route.handlers.length === 0 ? adviceForUnheard(event) : undefined;
    return advice === undefined ? route : new InvalidSendOptionsError(nameOf(event), advice);
  }
}
