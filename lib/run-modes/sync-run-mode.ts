import { isPromiseLike } from '../common/promises.js';
import type { FailureReporter } from '../failures/failure-reporter.js';
import type { AmbientStore } from '../message/ambient-context.js';
import type { MessageContext } from '../message/message-context.js';
import type { PreparedHandler } from '../pipeline/handler-preparation.js';
import type { InFlight } from './in-flight.js';

export type { PreparedHandler };

/** Is told how the handler of an event ended. */
export interface HandlingObserver {
  handled(context: MessageContext): void;
  failed(context: MessageContext, error: unknown): void;
}

/** Runs handlers in the caller's turn: a handler has started when the call returns. */
export class SyncRunMode {
  constructor(
    private readonly inFlight: InFlight,
    private readonly failures: FailureReporter,
    private readonly ambient: AmbientStore,
  ) {}

  /**
   * Runs the one handler of a command or query. A handler that fails while its caller does not look is the caller's
   * unhandled rejection, as with any promise: it is neither logged here nor lost.
   */
  run(handler: PreparedHandler, context: MessageContext): Promise<unknown> {
    let result: unknown;
    try {
      result = this.start(handler, context);
    } catch (error) {
      return Promise.reject(error);
    }
    if (isPromiseLike(result)) this.settling(context, result);
    return this.tracked(result);
  }

  /** The same for a handler that takes the message only, has nothing around it, and whose context nobody can see. */
  runBare(invoke: (message: object) => unknown, message: object): Promise<unknown> {
    try {
      return this.tracked(invoke(message));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Runs one handler of an event. Its failure is reported here, since no caller is there to see it; the observer, where
   * there is one, learns how it ended. Undefined where it has ended already.
   */
  runDetached(
    handler: PreparedHandler,
    context: MessageContext,
    observer: HandlingObserver | undefined,
  ): Promise<void> | undefined {
    let result: unknown;
    try {
      result = this.start(handler, context);
    } catch (error) {
      this.failed(context, error, observer);
      return undefined;
    }
    if (!isPromiseLike(result)) {
      observer?.handled(context);
      return undefined;
    }
    this.inFlight.enter();
    const settled = Promise.resolve(result).then(
      () => {
        this.inFlight.leave();
        observer?.handled(context);
      },
      (error: unknown) => {
        this.inFlight.leave();
        this.failed(context, error, observer);
      },
    );
    this.settling(context, settled);
    return settled;
  }

  /** Reports an event that was not accepted, whose publisher may not be looking. */
  refused(event: object, error: unknown): void {
    this.failures.eventRefused(event, error);
  }

  private failed(context: MessageContext, error: unknown, observer: HandlingObserver | undefined): void {
    this.failures.eventHandlerFailed(context, error);
    observer?.failed(context, error);
  }

  private start(handler: PreparedHandler, context: MessageContext): unknown {
    const invoke = context.envelope.timeoutMs === undefined ? handler.invoke : handler.invokeLimited;
    return this.ambient.run(context, invoke);
  }

  /** The caller gets the promise behind the count; whoever else waits, waits for the handler's own. */
  private tracked(result: unknown): Promise<unknown> {
    if (!isPromiseLike(result)) return Promise.resolve(result);
    const promise = result instanceof Promise ? result : Promise.resolve(result);
    this.inFlight.enter();
    return promise.then(this.inFlight.leaveWith, this.inFlight.leaveBy);
  }

  private settling(context: MessageContext, promise: PromiseLike<unknown>): void {
    context.settled = promise;
    if (context.hasSignal) this.inFlight.watch(context);
  }
}
