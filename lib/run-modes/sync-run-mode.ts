import { delay, isPromiseLike } from '../common/promises.js';
import { actionIn, type RunModeAction } from '../failures/policy/action.js';
import type { TurnFailurePolicy } from '../failures/policy/failure-policies.js';
import type { Failure } from '../failures/policy/failure.js';
import { jittered } from '../failures/policy/jitter.js';
import type { FailureReporter } from '../failures/failure-reporter.js';
import type { DecisionLog } from '../notifications/decisions/decision-log.js';
import { InvalidMessageError } from '../message/errors.js';
import type { AmbientStore } from '../message/ambient-context.js';
import type { MessageContext } from '../message/message-context.js';
import type { PreparedHandler } from '../pipeline/handler-preparation.js';
import { ShutdownError } from './errors.js';
import { failureOf } from './failure-of.js';
import type { InFlight } from './in-flight.js';
import type { LastFailures } from './last-failures.js';

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
    private readonly lastFailures: LastFailures,
    private readonly decisions: DecisionLog,
  ) {}

  /**
   * Runs the one handler of a command or query. A handler that fails while its caller does not look is the caller's
   * unhandled rejection, as with any promise: it is neither logged here nor lost.
   */
  run(handler: PreparedHandler, context: MessageContext): Promise<unknown> {
    // What came through a queue has the queue's policy, which the worker asks.
    if (handler.inTurn !== undefined && context.queue === undefined) {
      return this.tracked(this.attempts(handler, handler.inTurn, context));
    }
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
      result =
        handler.inTurn === undefined ? this.start(handler, context) : this.attempts(handler, handler.inTurn, context);
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

  /** Attempts in the caller's turn, as a failure policy says. @throws what the last one threw, where it is not dropped */
  private async attempts(
    handler: PreparedHandler,
    policy: TurnFailurePolicy,
    context: MessageContext,
  ): Promise<unknown> {
    for (let current = context; ; current = current.again()) {
      try {
        const result = this.start(handler, current);
        if (isPromiseLike(result)) this.settling(current, result);
        return await result;
      } catch (error) {
        if (isInvalid(error, current)) throw error;
        if (isStopped(current)) return this.giveUp(handler, current, error);
        const action = this.decided(policy, failureOf(handler, current, error), current);
        if (action.action === 'discard') {
          this.failures.discarded(current, error, action.reason);
          return undefined;
        }
        if (action.action !== 'retry' || current.attempt >= policy.attemptLimit)
          return this.giveUp(handler, current, error);
        const delayMs = jittered(action.delayMs, action.jitter);
        this.failures.retried(current, error, delayMs);
        await this.pause(delayMs, current);
        if (isStopped(current) || this.inFlight.ended.aborted) return this.giveUp(handler, current, error);
      }
    }
  }

  private decided(policy: TurnFailurePolicy, failure: Failure, context: MessageContext): RunModeAction {
    if (!this.decisions.wantsFailures) return actionIn(failure, policy.decide(failure));
    const decision = policy.decision(failure);
    const action = actionIn(failure, decision.action);
    this.decisions.failed(context, failure.error, { rule: decision.rule, action });
    return action;
  }

  /** @throws the error, for the caller */
  private async giveUp(handler: PreparedHandler, context: MessageContext, error: unknown): Promise<never> {
    await this.lastFailures.tell(handler, context, error);
    throw error;
  }

  private async pause(delayMs: number, { envelope: { callerSignal } }: MessageContext): Promise<void> {
    const { ended } = this.inFlight;
    await delay(delayMs, callerSignal === undefined ? ended : AbortSignal.any([ended, callerSignal]));
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

/** Whether the message broke its rules before the handler was reached: it would do so again. */
function isInvalid(error: unknown, { message }: MessageContext): boolean {
  return error instanceof InvalidMessageError && error.subject === message;
}

/** Whether nobody wants another attempt: the caller has given up, or the application has told the handler to stop. */
function isStopped({ envelope, abortReason }: MessageContext): boolean {
  return envelope.callerSignal?.aborted === true || abortReason instanceof ShutdownError;
}
