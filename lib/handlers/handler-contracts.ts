import type { HandlerContext } from '../message/message-context.js';
import type { Command, Query } from '../message/message.js';

/** What a handler of any kind may have besides. */
export interface OnFailed<M extends object = object> {
  /**
   * Called when the handler has failed for the last time: after no attempt that is followed by another. The message is parked,
   * dropped or given back to its caller once this has ended, at the latest when the handler's own time limit is over (30 s
   * where it has none). What it throws is reported and changes nothing. May be called again where a process dies meanwhile.
   */
  onFailed?(message: M, error: unknown, context: HandlerContext<M>): unknown;
}

/** The shape of a command handler; the result type follows from `Command<R>`, or is `R` for a class without a base. */
export type ICommandHandler<C extends object = object, R = unknown> =
  C extends Command<infer Result>
    ? { execute(command: C, context: HandlerContext<C>): Result | Promise<Result> } & OnFailed<C>
    : { execute(command: C, context: HandlerContext<C>): R | Promise<R> } & OnFailed<C>;

/** The shape of a query handler; the result type follows from `Query<R>`, or is `R` for a class without a base. */
export type IQueryHandler<Q extends object = object, R = unknown> =
  Q extends Query<infer Result>
    ? { execute(query: Q, context: HandlerContext<Q>): Result | Promise<Result> } & OnFailed<Q>
    : { execute(query: Q, context: HandlerContext<Q>): R | Promise<R> } & OnFailed<Q>;

/** The shape of an event handler. What it returns is ignored, but a promise is waited for. */
export interface IEventHandler<E extends object = object> extends OnFailed<E> {
  handle(event: E, context: HandlerContext<E>): unknown;
}
