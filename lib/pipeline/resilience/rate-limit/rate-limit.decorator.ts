import 'reflect-metadata';

import { describeValue } from '../../../common/describe-value.js';
import { MAX_TIMEOUT_MS } from '../../../common/timeout.js';
import type { OptionChecks } from '../../../handlers/checked-options.js';
import type { HandlerContext } from '../../../message/message-context.js';
import { functionProblem, nameProblem, wholeNumberProblem } from '../option-checks.js';

const RATE_LIMIT = Symbol.for('nestjs-dispatch/rate-limit');

/** Options of {@link RateLimit}. */
export interface RateLimitOptions<M extends object = never> {
  /**
   * How many calls are let through within `durationMs`, from 1. They may come at once after a pause; then there is room for
   * another one each `durationMs / max` milliseconds.
   */
  readonly max: number;
  /** In milliseconds, from 1. Default 1000. */
  readonly durationMs?: number;
  /**
   * Has each key counted apart, such as the id of a user, in 1 to 1024 characters; a message without one, undefined, is not
   * limited. Called for valid messages only. Default: all are counted together.
   */
  readonly key?: (message: M, context: HandlerContext<M>) => string | undefined;
  /** Has all limits of that name count together, in 1 to 200 characters. Default: each handler counts each message class apart. */
  readonly name?: string;
  /**
   * What becomes of a message in the caller's turn that comes too early: it is refused (`'reject'`, default), or it waits for its
   * turn (`'wait'`). Behind a queue it always comes again later.
   */
  readonly whenExceeded?: 'wait' | 'reject';
  /** How long a caller waits, in milliseconds from the call; who would have to wait longer is refused at once. Default 30 000. */
  readonly waitMs?: number;
}

/**
 * Limits how often a handler is called. On the class of a handler, or of a message, for the handlers of it that have none of
 * their own. Where calls are counted, says `resilience.rateLimitStore` of the module.
 *
 * In the caller's turn a message that comes too early is refused with a `RateLimitExceededError`, or waits. Behind a queue it goes
 * back for the time, others go on meanwhile, and no attempt is counted; one with a key of its own for the order of the queue stays
 * in its place, and so does what comes behind it. To limit a whole queue, use the `rateLimit` of the queue.
 *
 * @example
 * ```ts
 * @RateLimit({ max: 10, durationMs: 60_000, key: (_message, { headers }) => headers.user })
 * @CommandHandler(SendMail)
 * class SendMailHandler {}
 * ```
 */
export function RateLimit<M extends object = never>(options: RateLimitOptions<M>) {
  return (target: abstract new (...args: never[]) => object): void =>
    Reflect.defineMetadata(RATE_LIMIT, options, target);
}

/** What `@RateLimit` says on this very class, as it was written; undefined for a class without it. */
export function rateLimitOptionsOf(target: object): RateLimitOptions | undefined {
  return Reflect.getOwnMetadata(RATE_LIMIT, target) as RateLimitOptions | undefined;
}

/** What the options may be. */
export const RATE_LIMIT_CHECKS: OptionChecks<RateLimitOptions> = {
  max: (value) => wholeNumberProblem(value, 1),
  durationMs: (value) => wholeNumberProblem(value, 1, MAX_TIMEOUT_MS),
  key: functionProblem,
  name: nameProblem,
  whenExceeded: (value) =>
    value === 'wait' || value === 'reject' ? undefined : `which is ${describeValue(value)}, not 'wait' or 'reject'`,
  waitMs: (value) => wholeNumberProblem(value, 0, MAX_TIMEOUT_MS),
};
