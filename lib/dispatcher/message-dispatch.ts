import { isTimeoutMs } from '../common/timeout.js';
import {
  CommandHandlerNotFoundException,
  QueryHandlerNotFoundException,
  type HandlerNotFoundError,
} from '../handlers/errors.js';
import type { AmbientStore } from '../message/ambient-context.js';
import { Envelope } from '../message/envelope.js';
import { MessageContext, type ContextOwner } from '../message/message-context.js';
import type { Command, MessageClass, MessageKind, Query } from '../message/message.js';
import { RunMode } from '../message/run-mode.js';
import { type SendOptions } from '../message/message-context.js';
import { DispatchClosedError, QueueNotConfiguredError } from '../run-modes/errors.js';
import type { InFlight } from '../run-modes/in-flight.js';
import type { PreparedHandler } from '../run-modes/sync-run-mode.js';
import { InvalidSendOptionsError } from './errors.js';
import type { EventDelivery } from './event-delivery.js';
import type { KeyedDispatch, KeyedRoute } from './keyed-route.js';
import type { MessageStreams } from './message-streams.js';
import type { ObservedRunMode } from './observed-run-mode.js';
import type { PublishOptions } from './publish-options.js';
import type { Routes, SingleRoute } from './routes.js';

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

  execute<R>(command: Command<R>, options?: SendOptions): Promise<R> {
    const route = this.routes.single('command', (command as object | undefined)?.constructor);
    if (route === undefined) return Promise.reject(this.unhandled('command', command));
    if (this.streams.commands.observed) this.streams.commands.next(command);
    return this.run(route, 'command', command, options) as Promise<R>;
  }

  query<R>(query: Query<R>, options?: SendOptions): Promise<R> {
    const route = this.routes.single('query', (query as object | undefined)?.constructor);
    if (route === undefined) return Promise.reject(this.unhandled('query', query));
    if (this.streams.queries.observed) this.streams.queries.next(query);
    return this.run(route, 'query', query, options) as Promise<R>;
  }

  publish(event: object, options?: SendOptions): Promise<void> {
    const parent = this.parentOf(options);
    const refusal = this.refusal(event, parent, options);
    if (refusal !== undefined) return this.delivery.refuse(event, refusal);
    const route = this.routes.event(classOf(event));
    const envelope = new Envelope(event, route.definition, 'event', parent?.envelope, options);
    return this.delivery.deliver(route, envelope, parent, this);
  }

  publishAll(events: readonly object[], options?: SendOptions): Promise<void> {
    const published = Promise.all(events.map((event) => this.publish(event, options))).then(() => undefined);
    published.catch(() => 'each event that was refused has been reported');
    return published;
  }

  async publishAndWait(event: object, options?: PublishOptions): Promise<void> {
    const parent = this.parentOf(options);
    const refusal = this.refusal(event, parent, options);
    if (refusal !== undefined) throw refusal;
    const route = this.routes.event(classOf(event));
    const envelope = new Envelope(event, route.definition, 'event', parent?.envelope, options);
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

  signalRequested(context: MessageContext): void {
    if (context.settled !== undefined) this.inFlight.watch(context);
  }

  /** Lets work in from outside that is to be waited for at shutdown. @throws DISPATCH_CLOSED while shutting down */
  async admit<T>(work: () => Promise<T>): Promise<T> {
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
    kind: MessageKind,
    message: object,
    options: SendOptions | undefined,
  ): Promise<unknown> {
    const { invokeBare } = route.handler;
    if (invokeBare !== undefined && options === undefined && !this.isClosing && this.runMode.isUnseen) {
      return this.runMode.runBare(invokeBare, message);
    }
    const parent = this.parentOf(options);
    if (options !== undefined || this.isClosing) {
      const refusal = this.refusal(message, parent, options);
      if (refusal !== undefined) return Promise.reject(refusal);
    }
    const envelope = new Envelope(message, route.definition, kind, parent?.envelope, options);
    return this.runMode.run(route.handler, this.contextFor(envelope, route.handler, parent));
  }

  private contextFor(envelope: Envelope, handler: PreparedHandler, parent: MessageContext | undefined): MessageContext {
    return new MessageContext(envelope, handler.facts, parent, this);
  }

  private parentOf(options: SendOptions | undefined): MessageContext | undefined {
    return options?.context ?? this.ambient.current();
  }

  /**
   * Whether something still running sends a message. A context alone is no proof: a timer of a handler that is long done
   * has one too. Without the ambient context a handler can not be told from the outside: better one message too many.
   */
  private mayBeFromHandler(message: object, parent: MessageContext | undefined): boolean {
    if (this.inFlight.size === 0) return false;
    return parent !== undefined || !this.ambient.isKept || this.admitted.has(message);
  }

  /** Why a message is not accepted; undefined where it is. */
  private refusal(
    message: object,
    parent: MessageContext | undefined,
    options: SendOptions | undefined,
  ): Error | undefined {
    if (typeof message !== 'object' || message === null) {
      return new InvalidSendOptionsError(nameOf(message), 'a message must be an object made by its class');
    }
    if (this.isClosing && !this.mayBeFromHandler(message, parent)) return new DispatchClosedError(nameOf(message));
    if (options?.runMode === RunMode.Async) return new QueueNotConfiguredError(nameOf(message));
    if (options?.timeoutMs !== undefined && !isTimeoutMs(options.timeoutMs)) {
      return new InvalidSendOptionsError(nameOf(message), `timeoutMs is ${options.timeoutMs}, not a number from 0`);
    }
    return undefined;
  }

  private adviceFor(kind: 'command' | 'query', message: unknown): string | undefined {
    const other = kind === 'command' ? 'query' : 'command';
    const isOther = this.routes.single(other, (message as object | undefined)?.constructor) !== undefined;
    return isOther
      ? `it has a ${other} handler, so send it with ${other === 'query' ? 'query' : 'execute'}()`
      : adviceFor(message);
  }

  private unhandled(kind: 'command' | 'query', message: object): HandlerNotFoundError {
    if (typeof message === 'object' && message !== null) {
      const definition = this.routes.definition(classOf(message));
      this.runMode.unhandled(new Envelope(message, definition, kind, undefined, undefined));
    }
    const notFound = kind === 'command' ? CommandHandlerNotFoundException : QueryHandlerNotFoundException;
    return new notFound(nameOf(message), this.adviceFor(kind, message));
  }
}

/** What is most likely wrong with a message that has no handler; undefined where the handler is simply missing. */
function adviceFor(message: unknown): string | undefined {
  if (typeof message === 'function') return 'the class itself was sent, send an instance of it';
  if (typeof message !== 'object' || message === null) return 'a message is an object made by its class';
  if (classOf(message) !== Object) return undefined;
  return 'a plain object was sent, send an instance of the message class; for a request body, ValidationPipe({ transform: true }) makes one';
}

/** The class of a message; one without a prototype, or with a field of that name, counts as a plain object. */
function classOf(message: object): MessageClass {
  const type: unknown = message.constructor;
  return typeof type === 'function' ? (type as unknown as MessageClass) : Object;
}

function nameOf(message: unknown): string {
  if (typeof message === 'function') return message.name;
  return typeof message === 'object' && message !== null ? classOf(message).name : String(message);
}
