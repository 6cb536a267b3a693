import { DispatchError } from '../common/dispatch-error.js';
import type { HandlerContext } from '../message/message-context.js';

/** Runs the rest of the pipeline and the handler, and resolves with the handler's result. To be called at most once. */
export type Next = () => Promise<unknown>;

/**
 * Code around a handler. It may act before and after `next()`, return another result, throw, or not call `next()` at
 * all, in which case the handler does not run. One instance serves all messages, concurrently, unless it is
 * request-scoped.
 */
export interface PipelineBehavior<M extends object = object> {
  handle(context: HandlerContext<M>, next: Next): unknown;
}

/** A behavior called `next()` a second time. */
export class NextCalledTwiceError extends DispatchError {
  readonly code = 'DISPATCH_NEXT_CALLED_TWICE';

  constructor(
    readonly behaviorName: string,
    readonly messageName: string,
  ) {
    super(
      `The behavior ${behaviorName} called next() twice for the message "${messageName}": a handler runs once per attempt, repeat by a failure policy instead.`,
    );
  }
}
