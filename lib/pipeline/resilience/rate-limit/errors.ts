import { DispatchError } from '../../../common/dispatch-error.js';

/** A limit is used up: the handler was not called, and may be later. */
export class RateLimitExceededError extends DispatchError {
  readonly code = 'DISPATCH_RATE_LIMITED';

  constructor(
    /** The name of the limit, or the class of the handler it belongs to. */
    readonly limit: string,
    /** When another try is worth it, in milliseconds from the refusal, from 1. */
    readonly retryAfterMs: number,
  ) {
    super(`The rate limit "${limit}" is used up: try again in ${retryAfterMs} ms.`);
  }
}

/** The store of rate limits failed; `cause` says why. The handler was not called, since nobody knows whether it may be. */
export class RateLimitUnavailableError extends DispatchError {
  readonly code = 'DISPATCH_RATE_LIMIT_UNAVAILABLE';

  constructor(
    readonly limit: string,
    options: ErrorOptions,
  ) {
    super(`Nobody can say whether the rate limit "${limit}" is used up: see the cause, and try again later.`, options);
  }
}

/** The function `key` of a rate limit gave something else than a text of 1 to 1024 characters, or undefined. */
export class InvalidRateLimitKeyError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_RATE_LIMIT_KEY';

  constructor(
    readonly limit: string,
    given: string,
  ) {
    super(`The key of the rate limit "${limit}" is ${given}, not a text of 1 to 1024 characters, nor undefined.`);
  }
}

/** A store of rate limits was given options it cannot work with; the text lists every one. */
export class InvalidRateLimitOptionsError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_RATE_LIMIT_OPTIONS';

  constructor(
    what: string,
    readonly problems: readonly string[],
  ) {
    super(`${what} ${problems.join('; ')}.`);
  }
}
