import { takesOneArgument } from '../common/takes-one-argument.js';
import {
  CommandHandlerNotFoundException,
  QueryHandlerNotFoundException,
  type HandlerNotFoundError,
} from '../handlers/errors.js';
import type { AmbientStore } from '../message/ambient-context.js';
import { Envelope, type EnvelopeOptions } from '../message/envelope.js';
import {
  MessageContext,
  type ContextOwner,
  type HandlerContext,
  type PublishOptions,
  type SendOptions,
} from '../message/message-context.js';
import { classOf, nameOf, type Command, type Query } from '../message/message.js';
import { RunMode } from '../message/run-mode.js';
import { DispatchClosedError, QueueNotConfiguredError } from '../run-modes/errors.js';
import type { InFlight } from '../run-modes/in-flight.js';
import { InvalidSendOptionsError } from './errors.js';
import type { EventDelivery } from './event-delivery.js';
import type { KeyedDispatch, KeyedPayload, KeyedRoute } from './keyed-route.js';
import type { MessageStreams } from './message-streams.js';
import { adviceForUnhandled, adviceForUnheard, noMessageProblem } from './misplaced-message.js';
import type { ObservedRunMode } from './observed-run-mode.js';
import type { KeyHandler } from './raw-intake.js';
import type { EventRoute, Routes, SingleRoute } from './routes.js';
import { sendOptionsProblem } from './send-options-check.js';

/** The parts a message passes through; all of them live as long as the application. */
export interface MessageDispatchParts {
  readonly routes: Routes;
  readonly runMode: ObservedRunMode;
  readonly delivery: EventDelivery;
  readonly inFlight: InFlight;
  readonly streams: MessageStreams;
  readonly ambient: AmbientStore;
}

/**
 * Takes message objects to their handlers: makes envelope and context, finds the route, runs. The public `Dispatcher`,
 * the buses and the router all end here.
 */
export class MessageDispatch implements ContextOwner, KeyedDispatch {
  private readonly routes: Routes;
  private readonly runMode: ObservedRunMode;
  private readonly delivery: EventDelivery;
  private readonly inFlight: InFlight;
  private readonly streams: MessageStreams;
  private readonly ambient: AmbientStore;
  /** What foreign messages became that came in before closing began, which are handled to their end. */
  private readonly admitted = new WeakSet<object>();
  private isClosing = false;

  constructor(parts: MessageDispatchParts) {
    this.routes = parts.routes;
    this.runMode = parts.runMode;
    this.delivery = parts.delivery;
    this.inFlight = parts.inFlight;
    this.streams = parts.streams;
    this.ambient = parts.ambient;
  }

  execute<R>(command: Command<R>, options?: SendOptions, from?: MessageContext): Promise<R> {
    const route = this.routes.single('command', (command as object | undefined)?.constructor);
    if (route === undefined) return Promise.reject(this.unhandled('command', command));
    return this.run(route, command, options, from) as Promise<R>;
  }

  query<R>(query: Query<R>, options?: SendOptions, from?: MessageContext): Promise<R> {
    const route = this.routes.single('query', (query as object | undefined)?.constructor);
    if (route === undefined) return Promise.reject(this.unhandled('query', query));
    return this.run(route, query, options, from) as Promise<R>;
  }

  publish(event: object, options?: SendOptions, from?: MessageContext): Promise<void> {
    const parent = from ?? this.parentOf(options);
    const route = this.routeOf(event, parent, options);
    if (route instanceof Error) return this.delivery.refuse(event, route);
    const envelope = new Envelope(event, route.definition, 'event', parent?.envelope, withoutContext(options));
    return this.delivery.deliver(route, envelope, parent, this);
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
    const parent = from ?? this.parentOf(options);
    const route = this.routeOf(event, parent, options);
    if (route instanceof Error) throw route;
    const envelope = new Envelope(event, route.definition, 'event', parent?.envelope, withoutContext(options));
    await this.delivery.deliverAndWait(route, envelope, parent, { owner: this, waitFor: options?.await ?? 'handlers' });
  }

  routeFor(key: string, version: number | undefined): KeyedRoute | undefined {
    return this.routes.byKey(key, version);
  }

  dispatchTo(route: KeyedRoute, message: object, options: SendOptions): Promise<unknown> {
    if (this.isClosing) this.admitted.add(message);
    switch (route.kind) {
      case 'command':
        return this.execute(message as Command<unknown>, options);
      case 'query':
        return this.query(message as Query, options);
      case 'event':
        return this.publishAndWait(message, options);
    }
  }

  noteFunction(work: KeyHandler): void {
    if (!takesOneArgument(work)) this.ambient.want();
  }

  runFunction({ key, payload, options }: KeyedPayload, work: (context: HandlerContext) => unknown): Promise<unknown> {
    const message = typeof payload === 'object' && payload !== null ? payload : {};
    const definition = { target: Object, name: key, version: 1, schema: undefined, sensitive: [] };
    const facts = { name: `the function for "${key}"`, key, timeoutMs: 0 };
    const handler = { facts, invoke: work, invokeLimited: work, invokeBare: undefined };
    const envelope = new Envelope(message, definition, 'command', undefined, withoutContext(options));
    return this.runMode.run(handler, new MessageContext(envelope, facts, undefined, this));
  }

  signalRequested(context: MessageContext): void {
    if (context.settled !== undefined) this.inFlight.watch(context);
  }

  waitFor(work: PromiseLike<unknown>): void {
    this.inFlight.enter();
    const leave = (): void => this.inFlight.leave();
    work.then(leave, leave);
  }

  /** Lets work in from outside that is to be waited for at shutdown. @throws DISPATCH_CLOSED while shutting down */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    this.routes.refresh();
    if (this.isClosing) throw new DispatchClosedError('a foreign message');
    this.inFlight.enter();
    try {
      return await work();
    } finally {
      this.inFlight.leave();
    }
  }

  /** From now on only what handlers still running send is accepted. */
  close(): void {
    this.isClosing = true;
  }

  private run(
    route: SingleRoute,
    message: object,
    options: SendOptions | undefined,
    from: MessageContext | undefined,
  ): Promise<unknown> {
    const { handler, definition, kind } = route;
    const isPlain = options === undefined && !this.isClosing;
    if (isPlain && handler.invokeBare !== undefined && this.runMode.isUnseen) {
      this.show(kind, message);
      return this.runMode.runBare(handler.invokeBare, message);
    }
    const parent = from ?? this.parentOf(options);
    const refusal = isPlain ? undefined : this.refusal(message, parent, options);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.show(kind, message);
    const envelope = new Envelope(message, definition, kind, parent?.envelope, withoutContext(options));
    return this.runMode.run(handler, new MessageContext(envelope, handler.facts, parent, this));
  }

  private show(kind: 'command' | 'query', message: object): void {
    const stream = kind === 'command' ? this.streams.commands : this.streams.queries;
    if (stream.observed) stream.next(message);
  }

  private parentOf(options: SendOptions | undefined): MessageContext | undefined {
    const given = options?.context;
    return given instanceof MessageContext ? given : this.ambient.current();
  }

  /**
   * Whether something still running sends a message. A context alone is no proof: a timer of a handler that is long done
   * has one too. Without the ambient context a handler can not be told from the outside: better one message too many.
   */
  private mayBeFromHandler(message: object, parent: MessageContext | undefined): boolean {
    if (this.inFlight.size === 0) return false;
    return parent !== undefined || !this.ambient.isKept || this.admitted.has(message);
  }

  /** The route of an event, or why it is not accepted. */
  private routeOf(
    event: object,
    parent: MessageContext | undefined,
    options: SendOptions | undefined,
  ): EventRoute | Error {
    const refusal = this.refusal(event, parent, options);
    if (refusal !== undefined) return refusal;
    const route = this.routes.event(classOf(event));
    const advice = route.handlers.length === 0 ? adviceForUnheard(event) : undefined;
    return advice === undefined ? route : new InvalidSendOptionsError(nameOf(event), advice);
  }

  /** Why a message is not accepted; undefined where it is. */
  private refusal(
    message: object,
    parent: MessageContext | undefined,
    options: SendOptions | undefined,
  ): Error | undefined {
    const problem = noMessageProblem(message) ?? (options === undefined ? undefined : sendOptionsProblem(options));
    if (problem !== undefined) return new InvalidSendOptionsError(nameOf(message), problem);
    if (this.isClosing && !this.mayBeFromHandler(message, parent)) return new DispatchClosedError(nameOf(message));
    if (options?.runMode === RunMode.Async) return new QueueNotConfiguredError(nameOf(message));
    return undefined;
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

/** An envelope that kept the context it was sent from would keep all that led to it. */
function withoutContext(options: SendOptions | undefined): EnvelopeOptions | undefined {
  if (options?.context === undefined) return options;
  const { context: _context, ...kept } = options;
  return kept;
}
