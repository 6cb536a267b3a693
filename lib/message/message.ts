/** Carries the result type of a command through the type system; it has no value at run time. */
export declare const COMMAND_RESULT: unique symbol;

/** Carries the result type of a query through the type system; it has no value at run time. */
export declare const QUERY_RESULT: unique symbol;

/** A request to do something: exactly one handler, which may return a result of type `R`. */
export class Command<R = void> {
  declare readonly [COMMAND_RESULT]: R;
}

/** A request to tell something: exactly one handler, which returns a result of type `R` and changes nothing. */
export class Query<R = unknown> {
  declare readonly [QUERY_RESULT]: R;
}

/** A message whose class has no base of ours; neither a command or query, nor a class in the place of an instance. */
export type PlainMessage = object & {
  readonly [COMMAND_RESULT]?: never;
  readonly [QUERY_RESULT]?: never;
  readonly prototype?: never;
};

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

/** The class of a message; one without a prototype, or with a field of that name, counts as a plain object. */
export function classOf(message: object): MessageClass {
  const type: unknown = message.constructor;
  return typeof type === 'function' ? (type as unknown as MessageClass) : Object;
}

/** What to call a message in a text, whatever was sent in its place. */
export function nameOf(message: unknown): string {
  if (typeof message === 'function') return message.name;
  return typeof message === 'object' && message !== null ? classOf(message).name : String(message);
}
