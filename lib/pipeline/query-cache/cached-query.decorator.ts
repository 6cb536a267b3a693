import 'reflect-metadata';

import type { OptionChecks } from '../../handlers/checked-options.js';
import type { HandlerContext } from '../../message/message-context.js';
import { functionProblem, wholeNumberProblem } from '../resilience/option-checks.js';

const CACHED_QUERY = Symbol.for('nestjs-dispatch/cached-query');

/** Options of {@link CachedQuery}. */
export interface CachedQueryOptions<Q extends object = never, R = never> {
  /** How long a result is given to equal queries, in milliseconds from when it was there, from 1. */
  readonly ttlMs: number;
  /**
   * Tells equal queries, in 1 character at least; undefined for one that is not cached. What the result depends on must be in it, the
   * tenant and the user too where they matter: `context.headers` has them. Default: all fields of the query, the tenant and the user.
   */
  readonly key?: (query: Q, context: HandlerContext<Q>) => string | undefined;
  /** Names what a result is made of, for `QueryCache#invalidate({ tag })`. Default: nothing. */
  readonly tags?: (query: Q, result: R) => readonly string[];
  /** How many results of this handler are kept, from 1; the one that was not asked for the longest goes first. Default 1000. */
  readonly maxEntries?: number;
}

/**
 * Keeps the results of a query handler in the memory of this process, and gives them to equal queries. Only the handler and its
 * hooks are not called then: guards, pipes, validation and behaviors pass every query. Equal queries at the same time run once, and an
 * error is given to those who wait for it and not kept.
 *
 * All callers in the caller's turn get the very same object: it is not to be changed.
 *
 * @example
 * ```ts
 * @CachedQuery({ ttlMs: 60_000, tags: ({ orderId }: GetOrder) => [`order-${orderId}`] })
 * @QueryHandler(GetOrder)
 * class GetOrderHandler {}
 * ```
 */
export function CachedQuery<Q extends object = never, R = never>(options: CachedQueryOptions<Q, R>) {
  return (target: abstract new (...args: never[]) => object): void =>
    Reflect.defineMetadata(CACHED_QUERY, options, target);
}

/** What `@CachedQuery` says on this very class, as it was written; undefined for a class without it. */
export function cachedQueryOptionsOf(target: object): CachedQueryOptions | undefined {
  return Reflect.getOwnMetadata(CACHED_QUERY, target) as CachedQueryOptions | undefined;
}

/** What the options may be. */
export const CACHED_QUERY_CHECKS: OptionChecks<CachedQueryOptions> = {
  ttlMs: (value) => wholeNumberProblem(value, 1),
  key: functionProblem,
  tags: functionProblem,
  maxEntries: (value) => wholeNumberProblem(value, 1),
};
