import type { Subject } from 'rxjs';

import type { AsyncContext } from '../message/async-context.js';

/** Is told of every command that is executed through the bus. */
export interface ICommandPublisher<CommandBase extends object = object> {
  publish(command: CommandBase): unknown;
}

/** Is told of every query that is executed through the bus. */
export interface IQueryPublisher<QueryBase extends object = object> {
  publish(query: QueryBase): unknown;
}

/** Takes events elsewhere instead of to the handlers here; `EventBus#subject$` brings them back to these. */
export interface IEventPublisher<EventBase extends object = object> {
  publish(event: EventBase, dispatcherContext?: unknown, asyncContext?: AsyncContext): unknown;
  /** Where it is missing, `publish` is called for each event. */
  publishAll?(events: EventBase[], dispatcherContext?: unknown, asyncContext?: AsyncContext): unknown;
}

/** Brings events from elsewhere: call `bridgeEventsTo(eventBus.subject$)`. */
export interface IMessageSource<EventBase extends object = object> {
  bridgeEventsTo(subject: Subject<EventBase>): unknown;
}

/** The publisher of a bus that has no other. It tells nobody, since the dispatcher itself tells the subscribers. */
export const SUBSCRIBERS_ONLY: ICommandPublisher & IQueryPublisher = { publish: () => undefined };
