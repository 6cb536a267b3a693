import type { Subject } from 'rxjs';

import type { AsyncContext } from '../message/async-context.js';

/** Is told of every command that is executed through the bus. */
export interface ICommandPublisher {
  publish(command: object): unknown;
}

/** Is told of every query that is executed through the bus. */
export interface IQueryPublisher {
  publish(query: object): unknown;
}

/** Takes events elsewhere instead of to the handlers here; `EventBus#subject$` brings them back to these. */
export interface IEventPublisher {
  publish(event: object, dispatcherContext?: unknown, asyncContext?: AsyncContext): unknown;
  /** Where it is missing, `publish` is called for each event. */
  publishAll?(events: object[], dispatcherContext?: unknown, asyncContext?: AsyncContext): unknown;
}

/** Brings events from elsewhere: call `bridgeEventsTo(eventBus.subject$)`. */
export interface IMessageSource {
  bridgeEventsTo(subject: Subject<object>): unknown;
}
