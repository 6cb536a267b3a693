import {
  CommandHandlerNotFoundException,
  QueryHandlerNotFoundException,
  type HandlerNotFoundError,
} from '../handlers/errors.js';
import type { AmbientStore } from '../message/ambient-context.js';
import { Envelope } from '../message/envelope.js';
import {
  MessageContext,
  type ContextOwner,
  type EffectMemo,
  type PublishOptions,
  type SendOptions,
} from '../message/message-context.js';
import { classOf, nameOf, type Command, type Query } from '../message/message.js';
import type { Receipt } from '../message/receipt.js';
import { RunMode } from '../message/run-mode.js';
import type { InFlight } from '../run-modes/in-flight.js';
import type { DecisionLog } from '../notifications/decisions/decision-log.js';
import { Admission } from './admission/admission.js';
import { adviceForUnhandled } from './admission/misplaced-message.js';
import { parentOf, withoutContext } from './admission/sender.js';
import type { EventDelivery } from './event-delivery.js';
import { EventDispatch } from './event-dispatch.js';
import type { MessageStreams } from './message-streams.js';
import type { ObservedRunMode } from './observed-run-mode.js';
import { placedByCall } from './queued/placement.js';
import type { QueuedDispatch } from './queued/queued-dispatch.js';
import type { Routes, SingleRoute } from './routes.js';

/** The parts a message passes through; all of them live as long as the application. */
export interface MessageDispatchParts {
  readonly routes: Routes;
  readonly runMode: ObservedRunMode;
  readonly delivery: EventDelivery;
  readonly queued: QueuedDispatch;
  readonly inFlight: InFlight;
  readonly streams: MessageStreams;
  readonly ambient: AmbientStore;
  readonly effects: EffectMemo;
  readonly decisions: DecisionLog;
}

/**
 * Takes message objects to their handlers: makes envelope and context, finds the route, runs; events go on to `EventDispatch`. The public
 * `Dispatcher`, the buses and the router all end here.
 */
export class MessageDispatch implements ContextOwner {
  private readonly routes: Routes;
  private readonly runMode: ObservedRunMode;
  private readonly queued: QueuedDispatch;
  private readonly inFlight: InFlight;
  private readonly streams: MessageStreams;
  private readonly ambient: AmbientStore;
  private readonly effects: EffectMemo;
  private readonly decisions: DecisionLog;
  private readonly admission: Admission;
  private readonly events: EventDispatch;

  constructor(parts: MessageDispatchParts) {
    this.routes = parts.routes;
    this.runMode = parts.runMode;
    this.queued = parts.queued;
    this.inFlight = parts.inFlight;
    this.streams = parts.streams;
    this.ambient = parts.ambient;
    this.effects = parts.effects;
    this.decisions = parts.decisions;
    const admission = new Admission(parts);
    this.admission = admission;
    this.events = new EventDispatch({ ...parts, admission, owner: this });
  }

  execute<R>(command: Command<R>, options?: SendOptions, from?: MessageContext): Promise<R> {
    const route = this.routes.single('command', (command as object | undefined)?.constructor);
    if (route === undefined) return this.runElsewhere('command', command, options, from) as Promise<R>;
    return this.run(route, command, options, from) as Promise<R>;
  }

  query<R>(query: Query<R>, options?: SendOptions, from?: MessageContext): Promise<R> {
    const route = this.routes.single('query', (query as object | undefined)?.constructor);
    if (route === undefined) return this.runElsewhere('query', query, options, from) as Promise<R>;
    return this.run(route, query, options, from) as Promise<R>;
  }

  /** Sends a command to its queue, whatever run mode its handler has, and resolves when the queue has it. */
  async send<R>(command: Command<R>, options?: SendOptions, from?: MessageContext): Promise<Receipt<R>> {
    const parent = from ?? parentOf(options, this.ambient);
    const refusal = this.admission.refusal(command, parent, { runMode: RunMode.Async, ...options });
    if (refusal !== undefined) throw refusal;
    const target = classOf(command);
    const route = this.routes.single('command', target);
    const definition = route?.definition ?? this.routes.definition(target);
    if (route === undefined && this.queued.placementElsewhere(definition, options) === undefined) {
      throw this.unhandled('command', command);
    }
    this.show('command', command);
    const placement = this.queued.placementOfSent(definition, route?.handler, options);
    const envelope = new Envelope(command, definition, 'command', parent?.envelope, withoutContext(options));
    const key = route?.handler.facts.key;
    if (this.decisions.active) this.decisions.routed(envelope, key, placement);
    return this.queued.post<R>(envelope, { key, placement }, options, parent);
  }

  publish(event: object, options?: SendOptions, from?: MessageContext): Promise<void> {
    return this.events.publish(event, options, from);
  }

  publishAll(events: readonly object[], options?: SendOptions, from?: MessageContext): Promise<void> {
    return this.events.publishAll(events, options, from);
  }

  publishAndWait(event: object, options?: PublishOptions, from?: MessageContext): Promise<void> {
    return this.events.publishAndWait(event, options, from);
  }

  /** As {@link EventDispatch.takeIn}. @throws DISPATCH_EVENT_HANDLING */
  takeIn(event: object, options: SendOptions): Promise<void> {
    return this.events.takeIn(event, options);
  }

  /** Lets a message through that came in before closing began. */
  admitLate(message: object): void {
    this.admission.admitLate(message);
  }

  signalRequested(context: MessageContext): void {
    if (context.settled !== undefined) this.inFlight.watch(context);
  }

  once<R>(context: MessageContext, name: string, effect: () => R | Promise<R>): Promise<R> {
    return this.effects.once(context, name, effect);
  }

  waitFor(work: PromiseLike<unknown>): void {
    this.inFlight.enter();
    const leave = (): void => this.inFlight.leave();
    work.then(leave, leave);
  }

  /** Lets work in from outside that is to be waited for at shutdown. @throws DISPATCH_CLOSED while shutting down */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    this.routes.refresh();
    return this.admission.admit(work);
  }

  /** From now on only what handlers still running send is accepted. */
  close(): void {
    this.admission.isClosing = true;
  }

  private run(
    route: SingleRoute,
    message: object,
    options: SendOptions | undefined,
    from: MessageContext | undefined,
  ): Promise<unknown> {
    const { handler, definition, kind } = route;
    const isPlain = options === undefined && !this.admission.isClosing;
    if (isPlain && handler.invokeBare !== undefined && this.runMode.isUnseen) {
      this.show(kind, message);
      return this.runMode.runBare(handler.invokeBare, message);
    }
    const parent = from ?? parentOf(options, this.ambient);
    const refusal = isPlain ? undefined : this.admission.refusal(message, parent, options);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.show(kind, message);
    const envelope = new Envelope(message, definition, kind, parent?.envelope, withoutContext(options));
    if (options !== undefined || handler.placement.runMode === RunMode.Async) {
      const placement = this.queued.placementOf(handler, options, envelope.name);
      if (placement instanceof Error) return Promise.reject(placement);
      if (placement !== undefined) {
        const { key } = handler.facts;
        if (this.decisions.active) this.decisions.routed(envelope, key, placement);
        return this.queued.execute(envelope, { key, placement }, options);
      }
    }
    if (this.decisions.active)
      this.decisions.routed(envelope, handler.facts.key, placedByCall(handler.placement, options));
    return this.runMode.run(handler, new MessageContext(envelope, handler.facts, parent, this));
  }

  /** Sends a message to a queue that nothing here handles, where something says which one. */
  private async runElsewhere(
    kind: 'command' | 'query',
    message: object,
    options: SendOptions | undefined,
    from: MessageContext | undefined,
  ): Promise<unknown> {
    const parent = from ?? parentOf(options, this.ambient);
    const isMessage = typeof message === 'object' && message !== null;
    const definition = isMessage ? this.routes.definition(classOf(message)) : undefined;
    const placement = definition && this.queued.placementElsewhere(definition, options);
    if (definition === undefined || placement === undefined) throw this.unhandled(kind, message);
    const refusal = this.admission.refusal(message, parent, options);
    if (refusal !== undefined) throw refusal;
    this.show(kind, message);
    const envelope = new Envelope(message, definition, kind, parent?.envelope, withoutContext(options));
    if (this.decisions.active) this.decisions.routed(envelope, undefined, placement);
    return this.queued.execute(envelope, { key: undefined, placement }, options);
  }

  private show(kind: 'command' | 'query', message: object): void {
    const stream = kind === 'command' ? this.streams.commands : this.streams.queries;
    if (stream.observed) stream.next(message);
  }

  private unhandled(kind: 'command' | 'query', message: object): HandlerNotFoundError {
    if (typeof message === 'object' && message !== null) {
      const definition = this.routes.definition(classOf(message));
      this.runMode.unhandled(new Envelope(message, definition, kind, undefined, undefined));
    }
    const notFound = kind === 'command' ? CommandHandlerNotFoundException : QueryHandlerNotFoundException;
    return new notFound(nameOf(message), adviceForUnhandled(kind, message, this.routes));
  }
}
