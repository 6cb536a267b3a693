import { isCausedBy, isDispatchError } from '../../common/dispatch-error.js';
import { delay } from '../../common/promises.js';
import type { QueueFailurePolicy } from '../../failures/policy/failure-policies.js';
import { DEAD_LETTER, isTerminal, type Failure, type FailureAction } from '../../failures/policy/failure.js';
import { jittered } from '../../failures/policy/jitter.js';
import { encodeValue } from '../../message/codec/json-codec.js';
import { InvalidMessageError } from '../../message/errors.js';
import type { MessageContext, Refusal } from '../../message/message-context.js';
import { ShutdownError } from '../errors.js';
import { failureOf } from '../failure-of.js';
import type { PreparedHandler } from '../sync-run-mode.js';
import { ClaimCheckUnavailableError } from '../claim-check/errors.js';
import type { ClaimReference, EntryData } from '../queue/entry-data.js';
import { AttemptsExhaustedError, CancelledError, LockLostError, type ParkedBehindError } from '../queue/errors.js';
import type { Delivery, JsonValue, Settlement } from '../queue/queue-backend.port.js';
import type { QueueSettings } from '../queue/queue-settings.js';
import { toWireError } from '../queue/wire-error.js';
import { DeliveredEntry } from './delivered-entry.js';
import type { EntryTarget } from './entry-target.port.js';
import type { DeliveredTask } from './task-observer.js';
import type { DeliveryRunParts } from './delivery-run-parts.js';

/** How long a delivery that could not be brought to an end is held, so that it does not return at once, in milliseconds. */
const DISTURBED_WAIT_MS = 1000;

/**
 * Takes one delivery to its end: reads the entry, runs the handler, decides what its failure means.
 *
 * A message with a key is tried again within the delivery, since the next one of its key must not come before it.
 */
export class DeliveryRun {
  private isStopping = false;
  /** Ends the wait for a further attempt; there while one is on, since most deliveries never wait. */
  private waiting: AbortController | undefined;
  private context: MessageContext | undefined;
  private abortedWith: Error | undefined;
  private readonly entry: DeliveredEntry;
  private readonly task: DeliveredTask;

  constructor(
    private readonly parts: DeliveryRunParts,
    private readonly settings: QueueSettings,
    private readonly delivery: Delivery,
  ) {
    this.entry = new DeliveredEntry(parts, settings.name, delivery);
    this.task = this.entry.task;
    delivery.onAbort((reason) => this.abort(reason));
  }

  /** Which attempt was parked. */
  get lastAttempt(): number {
    return this.entry.lastAttempt;
  }

  /** Rejects only where the store or this library fails, and not the handler: see {@link disturbed}. */
  settle(): Promise<Settlement> {
    try {
      const { claim } = this.entry;
      return claim === undefined ? this.begin() : this.fetch(claim);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Its end where an earlier message of its key is parked: no attempt is made. */
  parkBehind(error: ParkedBehindError): Settlement {
    const { attempt } = this.delivery;
    // Read for whether somebody waits for it; a payload that is kept elsewhere is not fetched for that.
    const data = this.entry.claim === undefined ? this.entry.read(attempt) : undefined;
    return data !== undefined && 'action' in data ? data : this.entry.park('failed', error, attempt - 1);
  }

  private begin(): Promise<Settlement> {
    const restMs = this.parts.rests.leftMs(this.settings.name);
    const { attempt } = this.delivery;
    return restMs === 0 ? this.step(attempt) : this.held(restMs, attempt);
  }

  /** A message whose payload cannot be read now goes behind the others; one with a key must not, and is held. */
  private async fetch(claim: ClaimReference): Promise<Settlement> {
    try {
      return (await this.entry.fetch(claim)) ?? (await this.begin());
    } catch (error) {
      const isAway = error instanceof ClaimCheckUnavailableError || isDispatchError(error, 'DISPATCH_CLAIM_CHECK_FULL');
      if (!isAway || this.delivery.key !== undefined) throw error;
      this.parts.observer.disturbed(this.settings.name, error);
      return { action: 'giveBack', delayMs: DISTURBED_WAIT_MS };
    }
  }

  /** Keeps the message here, so nothing more comes, until the time and any rest of its queue are over; nothing is counted. */
  private async held(ms: number, attempt: number): Promise<Settlement> {
    for (let leftMs = ms; leftMs > 0; leftMs = this.parts.rests.leftMs(this.settings.name)) {
      await this.wait(leftMs);
      if (this.abortedWith instanceof CancelledError) {
        const data = this.entry.read(attempt);
        return 'action' in data ? data : this.entry.park('failed', this.abortedWith, attempt);
      }
      if (this.isStopping || this.abortedWith !== undefined) return { action: 'giveBack' };
    }
    return this.step(attempt);
  }

  /** Ends the wait for a further attempt: the process is about to stop. */
  stop(): void {
    this.isStopping = true;
    this.waiting?.abort();
  }

  /** What keeps dead letters has failed, for which the handler is not to run again. @returns whether to ask it once more */
  async outlasts(error: unknown): Promise<boolean> {
    await this.disturbed(error);
    return !this.isStopping && this.abortedWith === undefined;
  }

  /** Not the handler's failure but the store's or ours: nothing is known, so nothing is decided. */
  async disturbed(error: unknown): Promise<Settlement> {
    // Somebody else has it by now: there is nothing to hold back, and nothing wrong here.
    if (error instanceof LockLostError) return { action: 'giveBack' };
    this.parts.observer.disturbed(this.settings.name, error);
    await this.wait(DISTURBED_WAIT_MS);
    return { action: 'giveBack' };
  }

  private async wait(ms: number): Promise<void> {
    if (this.isStopping) return;
    this.waiting = new AbortController();
    await delay(ms, this.waiting.signal);
  }

  /** One attempt. The message is read anew for each: what the handler did to it must not reach the next. */
  private step(attempt: number): Promise<Settlement> {
    const data = this.entry.read(attempt);
    if ('action' in data) return Promise.resolve(data);
    const target = this.entry.find(data, attempt);
    if ('action' in target) return Promise.resolve(target);
    if ('handlers' in target) return this.entry.fanOut(data, attempt);
    return this.exhausted(data, target, attempt) ?? this.attempt(target, attempt);
  }

  /** A message that was begun more often than anything lets it: its process ended each time, and no policy was asked. */
  private exhausted({ name }: EntryData, target: EntryTarget, attempt: number): Promise<Settlement> | undefined {
    // No policy lets a message have fewer.
    if (attempt <= this.settings.maxAttempts) return undefined;
    const { handler } = target;
    const { attemptLimit } = this.parts.policies.behindQueue(handler.failureRules, this.settings);
    if (attempt <= attemptLimit) return undefined;
    const error = new AttemptsExhaustedError(name, attempt - 1);
    const context = this.contextOf(target, attempt - 1);
    return this.afterLast(handler, context, error, this.entry.park('failed', error, attempt - 1));
  }

  /** Tries a message again whose entry stays here meanwhile. */
  private async tryAgain(delayMs: number, attempt: number): Promise<Settlement> {
    await this.wait(Math.max(delayMs, this.parts.rests.leftMs(this.settings.name)));
    if (this.abortedWith instanceof CancelledError) return this.entry.park('failed', this.abortedWith, attempt);
    if (this.abortedWith !== undefined) return { action: 'giveBack' };
    if (this.isStopping) return this.giveBackFailed();
    return this.step(await this.delivery.countAttempt());
  }

  /** Giving back takes an attempt away, and the one before the wait has failed: it stays counted. */
  private async giveBackFailed(): Promise<Settlement> {
    await this.delivery.countAttempt();
    return { action: 'giveBack' };
  }

  private attempt(target: EntryTarget, attempt: number): Promise<Settlement> {
    const { observer } = this.parts;
    const context = this.contextOf(target, attempt);
    this.context = context;
    if (this.abortedWith !== undefined) context.abort(this.abortedWith);
    observer.started(context, this.task);
    const startedAtMs = performance.now();
    return target.run(context).then(
      (result) => this.completed(context, result, performance.now() - startedAtMs),
      (error: unknown) => this.failed(context, target, error),
    );
  }

  private contextOf(target: EntryTarget, attempt: number): MessageContext {
    const { name: queue, timeoutMs } = this.settings;
    return target.contextOf({ queue, attempt, progress: (value: unknown) => this.progress(value) }, timeoutMs);
  }

  private completed(context: MessageContext, result: unknown, durationMs: number): Settlement {
    this.context = undefined;
    const { observer, limits } = this.parts;
    try {
      const encoded = result === undefined ? undefined : (encodeValue(result, limits) as JsonValue);
      observer.completed(context, this.task, { result, durationMs });
      return { action: 'complete', result: encoded };
    } catch (error) {
      // The handler has done its work, so it is not run again for a result that cannot travel.
      return this.entry.park('failed', error, context.attempt, context);
    }
  }

  private failed(context: MessageContext, target: EntryTarget, error: unknown): Settlement | Promise<Settlement> {
    this.context = undefined;
    const reason = this.abortedWith ?? context.abortReason;
    if (reason instanceof CancelledError) return this.entry.park('failed', reason, context.attempt, context);
    if (reason instanceof ShutdownError || reason instanceof LockLostError) return { action: 'giveBack' };
    const { refusal } = context;
    if (refusal !== undefined && isCausedBy(error, refusal.error)) return this.postponed(context, refusal);
    if (error instanceof InvalidMessageError && error.subject === target.message) {
      return this.entry.park('invalid', error, context.attempt, context);
    }
    const policy = this.parts.policies.behindQueue(target.handler.failureRules, this.settings);
    const action = this.decided(policy, failureOf(target.handler, context, error), context);
    const settlement = this.act(action, context, error);
    return isTerminal(action) ? this.afterLast(target.handler, context, error, settlement) : settlement;
  }

  private decided(policy: QueueFailurePolicy, failure: Failure, context: MessageContext): FailureAction {
    const { decisions } = this.parts.observer;
    const decision = decisions.wantsFailures ? policy.decision(failure) : undefined;
    const wanted = decision?.action ?? policy.decide(failure);
    const isOver = context.attempt >= policy.attemptLimit && !isTerminal(wanted);
    const action = isOver ? DEAD_LETTER : wanted;
    if (decision === undefined) return action;
    const rule = isOver ? `the limit of ${policy.attemptLimit} attempts, whatever else is said` : decision.rule;
    decisions.failed(context, failure.error, { rule, action });
    return action;
  }

  /** It never got through to its handler, which is no attempt. With a key it keeps its place, whatever it waits for. */
  private postponed(context: MessageContext, { error, rests, ...times }: Refusal): Settlement | Promise<Settlement> {
    const { parts, settings, delivery, task } = this;
    const delayMs = Math.max(1, times.delayMs);
    parts.observer.postponed(context, task, { error, delayMs });
    if (rests === 'queue') parts.rests.begin(settings.name, delayMs, error);
    else if (delivery.key === undefined) return { action: 'giveBack', delayMs };
    return this.held(delayMs, context.attempt);
  }

  /** The handler has given up: what it does then is done before the message leaves this process. */
  private async afterLast(
    handler: PreparedHandler,
    context: MessageContext,
    error: unknown,
    settlement: Settlement | Promise<Settlement>,
  ): Promise<Settlement> {
    await this.parts.lastFailures.tell(handler, context, error);
    return settlement;
  }

  /** Does what the policy says. A message with a key keeps its place, whatever sends others back to the queue. */
  private act(action: FailureAction, context: MessageContext, error: unknown): Settlement | Promise<Settlement> {
    const { parts, settings, task } = this;
    this.entry.firstFailedAt ??= new Date();
    if (action.pauseQueueMs !== undefined) parts.rests.begin(settings.name, action.pauseQueueMs, error);
    switch (action.action) {
      case 'deadLetter':
        return this.entry.park('failed', error, context.attempt, context, action.place);
      case 'discard':
        parts.observer.discarded(context, task, { error, reason: action.reason });
        return { action: 'discard', error: toWireError(error) };
      case 'retry':
      case 'schedule':
      case 'requeue': {
        const delayMs = action.action === 'requeue' ? 0 : jittered(action.delayMs, action.jitter);
        parts.observer.retried(context, task, { error, delayMs });
        const staysHere = action.action === 'retry' || this.delivery.key !== undefined;
        return staysHere
          ? this.tryAgain(delayMs, context.attempt)
          : { action: 'retry', delayMs, error: toWireError(error), firstFailedAt: this.entry.firstFailedAt };
      }
    }
  }

  private abort(reason: Error): void {
    this.abortedWith ??= reason;
    this.context?.abort(reason);
    this.stop();
  }

  private progress(value: unknown): Promise<void> {
    const kept = this.keepProgress(value);
    // A handler need not wait for it, and must not end its process by that.
    kept.catch(() => 'whoever waits for it is told');
    return kept;
  }

  private async keepProgress(value: unknown): Promise<void> {
    const encoded = encodeValue(value, this.parts.limits);
    // `encodeValue` makes JSON values only.
    await this.delivery.progress(encoded as JsonValue);
  }
}
