import 'reflect-metadata';

import type { OptionChecks } from '../../../handlers/checked-options.js';
import { nameProblem, wholeNumberProblem } from '../option-checks.js';

const BULKHEAD = Symbol.for('nestjs-dispatch/bulkhead');

/** Options of {@link Bulkhead}. */
export interface BulkheadOptions {
  /** How many calls run at once in this process, from 1. One that goes on after its time limit counts until it ends. */
  readonly limit: number;
  /** How many callers wait beside them, from 0, in the order they came; further ones are refused. Default 0. */
  readonly queueLimit?: number;
  /** Has all handlers of that name share one, in 1 to 200 characters. Default: each handler has its own. */
  readonly name?: string;
}

/**
 * Limits how many calls of a handler run at once in this process. On the class of a handler, or of a message, for the handlers of
 * it that have none of their own.
 *
 * In the caller's turn who finds it full waits, where there is room to wait, or is refused with a `BulkheadFullError`. Waiting is
 * not the handler's time; the signal of the caller ends it. A message from a queue always waits, in its place among those that the
 * queue hands out at once, and goes back uncounted at shutdown: `concurrency` of the queue bounds how many do.
 *
 * @example
 * ```ts
 * @Bulkhead({ limit: 4, queueLimit: 100 })
 * @QueryHandler(RenderReport)
 * class RenderReportHandler {}
 * ```
 */
export function Bulkhead(options: BulkheadOptions) {
  return (target: abstract new (...args: never[]) => object): void => Reflect.defineMetadata(BULKHEAD, options, target);
}

/** What `@Bulkhead` says on this very class, as it was written; undefined for a class without it. */
export function bulkheadOptionsOf(target: object): BulkheadOptions | undefined {
  return Reflect.getOwnMetadata(BULKHEAD, target) as BulkheadOptions | undefined;
}

/** What the options may be. */
export const BULKHEAD_CHECKS: OptionChecks<BulkheadOptions> = {
  limit: (value) => wholeNumberProblem(value, 1),
  queueLimit: (value) => wholeNumberProblem(value, 0),
  name: nameProblem,
};
