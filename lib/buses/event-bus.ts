import { Logger } from '@nestjs/common';
import { map, type Observable } from 'rxjs';

import type { Dispatcher } from '../dispatcher/dispatcher.js';
import type { MessageStreams, PublishedEvent } from '../dispatcher/message-streams.js';
import { hasOnlySendOptions } from '../dispatcher/admission/send-options-check.js';
import { AsyncContext } from '../message/async-context.js';
import type { PublishOptions, SendOptions } from '../message/message-context.js';
import { ObservableBus } from '../message/observable/observable-bus.js';
import { contextArgument } from './context-argument.js';
import { EventSubject } from './event-subject.js';
import type { IEventPublisher } from './publishers.js';

export type { PublishedEvent };

/**
 * The door for events, with the names of `@nestjs/cqrs`. Subscribing shows every event that is dispatched; what is sent
 * to `subject$` goes to the handlers.
 */
export class EventBus<EventBase extends object = object> extends ObservableBus<EventBase> {
  /** Every event with its envelope, for sagas and the like. */
  readonly published: Observable<PublishedEvent>;
  private readonly localPublisher: IEventPublisher;

  constructor(
    private readonly dispatcher: Dispatcher,
    streams: MessageStreams,
    private customPublisher?: IEventPublisher | undefined,
  ) {
    const logger = new Logger('EventBus');
    const events = streams.events.pipe(map(({ envelope }) => envelope.message as EventBase));
    const subject = new EventSubject<EventBase>(events, (event) => void dispatcher.publish(event));
    super(subject, (error) => logger.error('A subscriber has thrown.', error), events);
    this.published = streams.events;
    this.localPublisher = {
      publish: (event, context) => dispatcher.publish(event, sendingOf(context, undefined).options),
      publishAll: (list, context) => dispatcher.publishAll(list, sendingOf(context, undefined).options),
    };
  }

  /** Takes events elsewhere instead of to the handlers here. Default: the one that takes them to these. */
  get publisher(): IEventPublisher {
    return this.customPublisher ?? this.localPublisher;
  }

  set publisher(publisher: IEventPublisher | undefined) {
    this.customPublisher = publisher === this.localPublisher ? undefined : publisher;
  }

  /**
   * Hands an event to its handlers, or to the custom publisher, and resolves when it is accepted. It need not be awaited:
   * a failure is reported as well.
   *
   * @param options how to send it, or the scope its request-scoped handlers are to share; with a custom publisher, what
   * that one takes as its dispatcher context
   * @throws the same codes as `Dispatcher#publish`, or what the custom publisher throws
   */
  publish<E extends EventBase>(event: E, options?: SendOptions | AsyncContext): Promise<void>;
  publish<E extends EventBase>(event: E, dispatcherContext: unknown, asyncContext?: AsyncContext): Promise<void>;
  publish(event: EventBase, options?: unknown, asyncContext?: AsyncContext): Promise<void> {
    const publisher = this.customPublisher;
    if (options === undefined && publisher === undefined) return this.dispatcher.publish(event);
    const sending = sendingOf(options, asyncContext);
    sending.scope?.attachTo(event);
    if (publisher === undefined) return this.dispatcher.publish(event, sending.options);
    return settle(() => publisher.publish(event, sending.dispatcherContext, sending.scope));
  }

  /** Publishes several events in order; a custom publisher gets them at once. Otherwise like {@link publish}. */
  publishAll<E extends EventBase>(events: E[], options?: SendOptions | AsyncContext): Promise<void>;
  publishAll<E extends EventBase>(events: E[], dispatcherContext: unknown, asyncContext?: AsyncContext): Promise<void>;
  publishAll(events: EventBase[], options?: unknown, asyncContext?: AsyncContext): Promise<void> {
    const publisher = this.customPublisher;
    const sending = sendingOf(options, asyncContext);
    for (const event of events) if (!AsyncContext.isAttached(event)) sending.scope?.attachTo(event);
    if (publisher === undefined) return this.dispatcher.publishAll(events, sending.options);
    const { dispatcherContext, scope } = sending;
    return settle(() =>
      publisher.publishAll === undefined
        ? Promise.all(events.map((event) => publisher.publish(event, dispatcherContext, scope)))
        : publisher.publishAll(events, dispatcherContext, scope),
    );
  }

  /** Publishes an event to the handlers here and resolves when they are done. @throws DISPATCH_EVENT_HANDLING */
  publishAndWait(event: EventBase, options?: PublishOptions): Promise<void> {
    return this.dispatcher.publishAndWait(event, options);
  }
}

interface Sending {
  readonly options: SendOptions | undefined;
  readonly dispatcherContext: unknown;
  readonly scope: AsyncContext | undefined;
}

/** Sorts the positional arguments of `@nestjs/cqrs` out. Only a plain object of known names is taken for options. */
function sendingOf(second: unknown, third: unknown): Sending {
  const given = contextArgument(second);
  if (given !== undefined) return { ...given, dispatcherContext: undefined };
  const isPlain = typeof second === 'object' && second !== null && Object.getPrototypeOf(second) === Object.prototype;
  const options = isPlain && hasOnlySendOptions(second) ? second : undefined;
  return { scope: undefined, options, ...contextArgument(third), dispatcherContext: second };
}

/** Waits for a custom publisher. Its failure is logged too, since publishers of events seldom wait. */
function settle(publish: () => unknown): Promise<void> {
  const published = new Promise((resolve) => resolve(publish())).then(() => undefined);
  published.catch((error: unknown) => new Logger('EventBus').error('The custom publisher has failed.', error));
  return published;
}
