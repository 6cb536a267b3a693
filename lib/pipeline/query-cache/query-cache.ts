import { meantBy, type CachedResults } from './cached-results.js';
import { InvalidQueryCacheKeyError } from './errors.js';
import { invalidationProblem, type QueryInvalidation } from './invalidates-queries.decorator.js';

/**
 * The results that `@CachedQuery` handlers of this process have left. To be injected.
 *
 * @example
 * ```ts
 * this.cache.invalidate({ tag: `order-${orderId}` });
 * ```
 */
export class QueryCache {
  /** @param all the results of each handler; more may come */
  constructor(private readonly all: readonly CachedResults[]) {}

  /**
   * Drops results that are no longer right. What is being made now is given to those who wait for it, but not kept, where it turns
   * out to be meant; who comes later has it made anew. Looks at every result there is.
   *
   * @returns how many were dropped
   * @throws DISPATCH_INVALID_QUERY_CACHE_KEY for something that means no results
   */
  invalidate(given: QueryInvalidation): number {
    const problem = invalidationProblem(given);
    if (problem !== undefined) throw new InvalidQueryCacheKeyError('What is to be invalidated', problem);
    return this.drop(meantBy(given));
  }

  /** Drops every result. @returns how many there were */
  clear(): number {
    return this.drop(() => true);
  }

  private drop(isMeant: Parameters<CachedResults['drop']>[0]): number {
    return this.all.reduce((count, results) => count + results.drop(isMeant), 0);
  }
}
