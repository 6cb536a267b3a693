import { DispatchError } from '../../common/dispatch-error.js';

/** What errors say of the call they are about. */
export interface IdempotentCallFacts {
  readonly handlerName: string;
  readonly messageName: string;
  readonly messageId: string;
  /** The key of the call as the store has it. */
  readonly key: string;
}

/** Another attempt at the same call was still running when the wait for it was over. The handler did not run. */
export class IdempotencyTimeoutError extends DispatchError {
  readonly code = 'DISPATCH_IDEMPOTENCY_TIMEOUT';

  constructor(
    readonly call: IdempotentCallFacts,
    readonly waitMs: number,
  ) {
    super(
      `${textOf(call)} waited ${waitMs} ms for another attempt at the same, which still runs: try again later, or raise "waitMs".`,
    );
  }
}

/**
 * Another one has taken the call over, since its lock was not renewed in time: the process stood still, or the store could not
 * be reached. What this one did is done, but its result is not kept.
 */
export class IdempotencyLockLostError extends DispatchError {
  readonly code = 'DISPATCH_IDEMPOTENCY_LOCK_LOST';

  constructor(
    readonly call: IdempotentCallFacts,
    readonly lockMs: number,
  ) {
    super(
      `${textOf(call)} did not renew its lock within ${lockMs} ms, and another attempt has taken over: raise "lockMs", or see what keeps the process or the store from answering.`,
    );
  }
}

/** The store of idempotent calls failed before the handler began; `cause` says why. The handler did not run. */
export class IdempotencyUnavailableError extends DispatchError {
  readonly code = 'DISPATCH_IDEMPOTENCY_UNAVAILABLE';

  constructor(
    readonly call: IdempotentCallFacts,
    options: ErrorOptions,
  ) {
    super(`${textOf(call)} cannot ask whether it has run already: see the cause, and try again later.`, options);
  }
}

/** A key of an idempotent call, or the name of an effect, is not a text of 1 to 1024 characters. */
export class InvalidIdempotencyKeyError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_IDEMPOTENCY_KEY';

  constructor(what: string, given: string) {
    super(`${what} is ${given}, not a text of 1 to 1024 characters.`);
  }
}

/** A store of idempotent calls was given options it cannot work with; the text lists every one. */
export class InvalidIdempotencyOptionsError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_IDEMPOTENCY_OPTIONS';

  constructor(
    what: string,
    readonly problems: readonly string[],
  ) {
    super(`${what} ${problems.join('; ')}.`);
  }
}

/** What is kept of the error of an attempt that others waited for. */
export interface KeptError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

/** Another attempt at the same call failed while this one waited for it. Name, message and code are those of its error. */
export class SharedFailureError extends DispatchError {
  /** The code of the other's error; `DISPATCH_SHARED_FAILURE` where it had none. */
  readonly code: string = 'DISPATCH_SHARED_FAILURE';

  constructor({ name, message, code }: KeptError) {
    super(message);
    this.name = name;
    if (code !== undefined) this.code = code;
  }
}

function textOf({ handlerName, messageName, messageId }: IdempotentCallFacts): string {
  return `${handlerName}, for "${messageName}" (${messageId}),`;
}
