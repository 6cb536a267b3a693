/** Carries the result type of a command or query through the type system; it has no value at run time. */
export declare const RESULT_TYPE: unique symbol;

/** A request to do something: exactly one handler, which may return a result of type `R`. */
export class Command<R = void> {
  declare readonly [RESULT_TYPE]: R;
}

/** A request to tell something: exactly one handler, which returns a result of type `R` and changes nothing. */
export class Query<R = unknown> {
  declare readonly [RESULT_TYPE]: R;
}

/** A fact that has happened: any number of handlers, none of which returns anything. */
export class Event {}

/** The result type of a command class: `CommandResult<PlaceOrder>`. */
export type CommandResult<C> = C extends Command<infer R> ? R : never;

/** The result type of a query class: `QueryResult<GetOrder>`. */
export type QueryResult<Q> = Q extends Query<infer R> ? R : never;

/** A class whose instances are messages. A class without a base is as good as one that extends `Command`. */
export type MessageClass<M extends object = object> = abstract new (...args: never[]) => M;

/** What a message is to its handlers. */
export type MessageKind = 'command' | 'query' | 'event';

/** Any object may be a command; the name is kept from `@nestjs/cqrs`. */
export type ICommand = object;
/** Any object may be the answer to a query; the name is kept from `@nestjs/cqrs`. */
export type IQueryResult = object;
/** Any object may be a query; the name is kept from `@nestjs/cqrs`. */
export type IQuery = object;
/** Any object may be an event; the name is kept from `@nestjs/cqrs`. */
export type IEvent = object;
