import { DispatchError } from '../../common/dispatch-error.js';
import type { HandlerContext, MessageContext } from '../../message/message-context.js';
import type { Next, PipelineBehavior } from '../behavior.js';

/** A handler took longer than it may. It may still be running: it should stop when its `context.signal` aborts. */
export class HandlerTimeoutError extends DispatchError {
  readonly code = 'DISPATCH_HANDLER_TIMEOUT';

  constructor(
    readonly handlerName: string,
    readonly messageName: string,
    readonly messageId: string,
    readonly timeoutMs: number,
  ) {
    super(
      `${handlerName} did not finish "${messageName}" (${messageId}) within ${timeoutMs} ms: make it stop on context.signal, or raise "timeoutMs".`,
    );
  }
}

/**
 * Limits how long a handler may take, counted from its start: then its signal aborts with a `HandlerTimeoutError` and
 * the caller's promise rejects with the same. What the handler returns or throws after that is
 * ignored, but the application still waits for it at shutdown. It is put around
 * handlers by itself where `timeoutMs` is set by the sender, the handler or the module.
 */
export class TimeoutBehavior implements PipelineBehavior {
  /** @throws DISPATCH_HANDLER_TIMEOUT once the limit has passed. */
  handle(context: HandlerContext, next: Next): Promise<unknown> {
    const { timeoutMs } = context;
    if (timeoutMs === 0) return next();
    // Behaviors are given contexts that the dispatcher made, and no others.
    const own = context as MessageContext;
    own.deadlineMs = Date.now() + timeoutMs;
    const handled = next();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const error = new HandlerTimeoutError(context.handler.name, context.name, context.id, timeoutMs);
        own.abort(error);
        own.keepsRunning(handled);
        reject(error);
      }, timeoutMs);
      handled.then(
        (result) => {
          clearTimeout(timer);
          resolve(result);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(error);
        },
      );
    });
  }
}
