import { randomUUID } from 'node:crypto';

import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import { delay } from '../../common/promises.js';
import type { CodecLimits } from '../../message/codec/json-codec.js';
import { InvalidMessageError } from '../../message/errors.js';
import type { EffectMemo, MessageContext } from '../../message/message-context.js';
import {
  IdempotencyLockLostError,
  IdempotencyTimeoutError,
  IdempotencyUnavailableError,
  type IdempotentCallFacts,
} from './errors.js';
import { HeldLock } from './held-lock.js';
import type { ClaimResult, IdempotencyStore } from './idempotency-store.port.js';
import { storeKey } from './idempotency-keys.js';
import type { IdempotencyTimes, ResolvedIdempotency } from './idempotency.options.js';
import { errorOutcome, readOutcome, resultOutcome } from './outcome.js';

const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 500;

/** One call that is to run once. */
export interface IdempotentCall extends IdempotencyTimes {
  /** As the store knows it. */
  readonly key: string;
  readonly run: () => unknown;
  /** Whether it is all that the handler does, so that it ends with the transaction of that. */
  readonly isWhole?: boolean;
  /** What of it goes on after it has failed, as a handler does after its time limit; undefined where nothing does. */
  readonly unfinished?: () => PromiseLike<unknown> | undefined;
}

/** A call that goes on after its caller was told that it has failed. */
interface LateCall {
  readonly token: string;
  readonly lock: HeldLock;
  readonly rest: PromiseLike<unknown>;
  /** What its caller was told. */
  readonly error: unknown;
}

/** What every idempotent call of an application needs. */
export interface IdempotentCallsOptions {
  readonly store: IdempotencyStore;
  /** What holds where a handler says nothing else. */
  readonly defaults: IdempotencyTimes;
  readonly limits: CodecLimits;
  /** Whether messages come through queues that outlive the process. */
  readonly hasDurableQueue: () => boolean;
}

/** What of an application's options concerns idempotent calls. */
interface ApplicationOptions {
  readonly idempotency: ResolvedIdempotency;
  readonly maxPayloadBytes: number;
  readonly maxDepth: number;
}

/** Runs calls once: the first caller runs, others get what came of it. */
export class IdempotentCalls implements EffectMemo {
  private readonly logger = new Logger('Dispatch');
  private readonly held = new Set<HeldLock>();
  private isWarned = false;

  constructor(private readonly options: IdempotentCallsOptions) {}

  /** The calls of an application, from its options. */
  static of(options: ApplicationOptions, hasDurableQueue: () => boolean): IdempotentCalls {
    const { idempotency, maxPayloadBytes: maxBytes, maxDepth } = options;
    const { store, times: defaults } = idempotency;
    return new IdempotentCalls({ store, defaults, limits: { maxBytes, maxDepth }, hasDurableQueue });
  }

  /** What holds where a handler says nothing else. */
  get defaults(): IdempotencyTimes {
    return this.options.defaults;
  }

  /** @throws DISPATCH_INVALID_IDEMPOTENCY_KEY, DISPATCH_IDEMPOTENCY_TIMEOUT, and as {@link IdempotentCalls#run} */
  async once<R>(context: MessageContext, name: string, effect: () => R | Promise<R>): Promise<R> {
    const key = storeKey('once', 'The name given to context.once()', context, [context.id, name]);
    // The store gives back what this effect, or the same one in an earlier attempt, has returned.
    return this.run(context, { ...this.defaults, key, run: effect }) as Promise<R>;
  }

  /**
   * Runs the call, or waits for the one that has it, and resolves with the result.
   *
   * @throws DISPATCH_IDEMPOTENCY_TIMEOUT, DISPATCH_IDEMPOTENCY_LOCK_LOST, DISPATCH_IDEMPOTENCY_UNAVAILABLE, SharedFailureError
   * with the code of the one that ran, and whatever the call throws
   */
  async run(context: MessageContext, call: IdempotentCall): Promise<unknown> {
    this.warnOfMemory(context);
    const token = randomUUID();
    const outcome = await this.claim(context, call, token);
    if (outcome !== undefined) return readOutcome(outcome, this.options.limits);
    return this.runHolding(context, call, token);
  }

  /** Has the store look at what it needs. Rejects with what the store says. */
  async open(): Promise<void> {
    await this.options.store.open?.();
  }

  /** Lets the locks of calls that still run come to their end, then ends what the store has opened. */
  async close(): Promise<void> {
    for (const lock of this.held) lock.end();
    try {
      await this.options.store.close?.();
    } catch (error) {
      this.logger.warn(`Could not close the store of idempotent calls: ${errorText(error)}`);
    }
  }

  /** @returns what is stored of the call; undefined where it is ours to run */
  private async claim(context: MessageContext, call: IdempotentCall, token: string): Promise<string | undefined> {
    const startedAt = performance.now();
    for (let pauseMs = 0; ; pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, pauseMs * 2), LAST_PAUSE_MS)) {
      if (pauseMs > 0) await this.pause(context, call, Math.min(pauseMs, startedAt + call.waitMs - performance.now()));
      const claimed = await this.ask(context, call, token, pauseMs > 0);
      if (claimed.status === 'claimed') return undefined;
      if (claimed.status !== 'running') return claimed.outcome;
      if (performance.now() - startedAt >= call.waitMs) {
        throw new IdempotencyTimeoutError(factsOf(context, call), call.waitMs);
      }
    }
  }

  private async ask(
    context: MessageContext,
    call: IdempotentCall,
    token: string,
    isWaiting: boolean,
  ): Promise<ClaimResult> {
    try {
      return await this.options.store.claim({ key: call.key, token, lockMs: call.lockMs, isWaiting });
    } catch (cause) {
      throw new IdempotencyUnavailableError(factsOf(context, call), { cause });
    }
  }

  /** @throws the reason of the signal, where the wait is no longer wanted */
  private async pause({ signal }: MessageContext, { key }: IdempotentCall, ms: number): Promise<void> {
    signal.throwIfAborted();
    const { store } = this.options;
    await (store.changed === undefined ? delay(ms, signal) : store.changed(key, ms, signal));
    signal.throwIfAborted();
  }

  private async runHolding(context: MessageContext, call: IdempotentCall, token: string): Promise<unknown> {
    const { key, lockMs } = call;
    const watch = {
      key,
      token,
      lockMs,
      lost: () => context.abort(new IdempotencyLockLostError(factsOf(context, call), lockMs)),
      failed: (error: unknown) => this.complain('renew the lock of', context, error),
    };
    const lock = new HeldLock(this.options.store, watch, this.held);
    const sealing = this.sealing(context, call, { token, lock });
    let result: unknown;
    try {
      result = await call.run();
    } catch (error) {
      const rest = call.unfinished?.();
      if (rest === undefined) await this.failed(context, call, { token, lock, error });
      else context.keepsRunning(this.runLate(context, call, { token, lock, rest, error }));
      throw error;
    } finally {
      if (call.isWhole === true) context.seal = undefined;
    }
    if (!sealing.isDone) await this.completed(context, call, { token, lock, result });
    return result;
  }

  /** Has the outcome kept in the transaction of the handler, where the call is the whole of that and the store can. */
  private sealing(
    context: MessageContext,
    call: IdempotentCall,
    { token, lock }: { readonly token: string; readonly lock: HeldLock },
  ): { readonly isDone: boolean } {
    const { store, limits } = this.options;
    const sealing = { isDone: false };
    if (call.isWhole !== true || store.completeIn === undefined) return sealing;
    const { key, ttlMs } = call;
    context.seal = async (result, transaction) => {
      const outcome = resultOutcome(result, limits);
      // Renewed it would wait for the transaction that has the row.
      lock.end();
      const isOurs = await store.completeIn?.({ key, token, outcome, ttlMs }, transaction);
      if (isOurs !== true) throw new IdempotencyLockLostError(factsOf(context, call), call.lockMs);
      sealing.isDone = true;
    };
    return sealing;
  }

  /** The caller has been told already that it took too long: the lock is held until it is known what became of it. */
  private async runLate(
    context: MessageContext,
    call: IdempotentCall,
    { token, lock, rest, error: told }: LateCall,
  ): Promise<void> {
    try {
      const result = await rest;
      if (context.isUndone) throw told;
      await this.completed(context, call, { token, lock, result });
    } catch (error) {
      await this.failed(context, call, { token, lock, error });
    }
  }

  private async completed(
    context: MessageContext,
    call: IdempotentCall,
    { token, lock, result }: { readonly token: string; readonly lock: HeldLock; readonly result: unknown },
  ): Promise<void> {
    lock.end();
    let outcome: string;
    try {
      outcome = resultOutcome(result, this.options.limits);
    } catch (error) {
      // The work is done, so it is not run again for a result that cannot be kept: all are told the same.
      await this.keep(context, call, token, errorOutcome(error));
      throw error;
    }
    await this.keep(context, call, token, outcome);
  }

  private async keep(context: MessageContext, call: IdempotentCall, token: string, outcome: string): Promise<void> {
    let isOurs = true;
    try {
      isOurs = await this.options.store.complete(call.key, token, outcome, call.ttlMs);
    } catch (error) {
      // Told that it failed, the caller would have it done again, where otherwise only a duplicate does.
      this.complain('keep the result of', context, error);
    }
    if (!isOurs) throw new IdempotencyLockLostError(factsOf(context, call), call.lockMs);
  }

  private async failed(
    context: MessageContext,
    { key, lockMs }: IdempotentCall,
    { token, lock, error }: { readonly token: string; readonly lock: HeldLock; readonly error: unknown },
  ): Promise<void> {
    lock.end();
    const failure = isOwn(context, error) ? undefined : { outcome: errorOutcome(error), keepMs: lockMs };
    try {
      await this.options.store.release(key, token, failure);
    } catch (cause) {
      this.complain('free the key of', context, cause);
    }
  }

  private warnOfMemory(context: MessageContext): void {
    const { store, hasDurableQueue } = this.options;
    if (this.isWarned || context.queue === undefined || store.isShared || !hasDurableQueue()) return;
    this.isWarned = true;
    this.logger.warn(
      `${context.handler.name} is idempotent within this process only, while its queue "${context.queue}" outlives it: set "idempotency" of DispatchModule to a store that does too, such as redisIdempotency() of nestjs-dispatch/redis.`,
    );
  }

  private complain(what: string, { handler, name, id }: MessageContext, error: unknown): void {
    this.logger.warn(`Could not ${what} ${handler.name}, for "${name}" (${id}): ${errorText(error)}`);
  }
}

/** Whether a failure concerns this caller alone: it was told to stop, is to come later, or sent a message that is not valid. */
function isOwn(context: MessageContext, error: unknown): boolean {
  if (context.refusal !== undefined || context.abortReason !== undefined) return true;
  if (error instanceof InvalidMessageError) return true;
  return context.hasSignal && context.signal.aborted;
}

function factsOf({ handler, name, id }: MessageContext, { key }: IdempotentCall): IdempotentCallFacts {
  return { handlerName: handler.name, messageName: name, messageId: id, key };
}
