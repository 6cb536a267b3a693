import type { HandlerContext } from '../message/message-context.js';
import type { Command, Query } from '../message/message.js';

/** The shape of a command handler; the result type follows from `Command<R>`, or is `R` for a class without a base. */
export type ICommandHandler<C extends object = object, R = unknown> =
  C extends Command<infer Result>
    ? { execute(command: C, context: HandlerContext<C>): Result | Promise<Result> }
    : { execute(command: C, context: HandlerContext<C>): R | Promise<R> };

/** The shape of a query handler; the result type follows from `Query<R>`, or is `R` for a class without a base. */
export type IQueryHandler<Q extends object = object, R = unknown> =
  Q extends Query<infer Result>
    ? { execute(query: Q, context: HandlerContext<Q>): Result | Promise<Result> }
    : { execute(query: Q, context: HandlerContext<Q>): R | Promise<R> };

/** The shape of an event handler. What it returns is ignored, but a promise is waited for. */
export interface IEventHandler<E extends object = object> {
  handle(event: E, context: HandlerContext<E>): unknown;
}
