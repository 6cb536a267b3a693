import { DispatchError } from '../../common/dispatch-error.js';

/** What a result of a query is to be kept by, or dropped by, says nothing. */
export class InvalidQueryCacheKeyError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_QUERY_CACHE_KEY';

  constructor(what: string, given: string) {
    super(`${what} is ${given}.`);
  }
}
