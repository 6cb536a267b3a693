import { DispatchError, errorText } from '../../common/dispatch-error.js';
import type { Failure } from './failure.js';

/** A failure rule is written wrongly. Thrown where it is written, so that the stack shows the place. */
export class InvalidFailureRuleError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_FAILURE_RULE';

  constructor(
    /** The rule as far as it is understood, as `on(SqlBusy) retry 50ms`. */
    readonly rule: string,
    /** The verb that is refused, as `thenRetry`. */
    readonly verb: string,
    readonly problem: string,
  ) {
    super(`The failure rule "${rule}" is refused at ${verb}(): ${problem}.`);
  }
}

/** A part of a failure policy that users write has failed. It is reported, and the parts below decided instead. */
export class FailurePolicyError extends DispatchError {
  readonly code = 'DISPATCH_FAILURE_POLICY';

  constructor(
    /** As a line of the compiled policy's table. */
    readonly part: string,
    { messageName, handlerName }: Failure,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    const cause = options?.cause === undefined ? '' : ` (${errorText(options.cause)})`;
    const where = `${handlerName} failed at "${messageName}"`;
    super(`${where}, and "${part}" ${problem}${cause}. What comes after it has decided: correct it.`, options);
  }
}

/**
 * Says that trying again is of no use: the message goes to the dead letters at once, however many attempts are left. A
 * handler throws it, or a class that extends it. Rules of the user's own that fit it come first, so a rule for `Error` on the
 * handler still decides.
 *
 * It also counts where this package has wrapped it, as `publishAndWait` does: see {@link RetryLaterError}. An error of another
 * kind whose `cause` it is does not count: whoever has caught and wrapped it has decided anew.
 *
 * @example
 * ```ts
 * throw new UnrecoverableError('the card is closed', { cause: error });
 * ```
 */
export class UnrecoverableError extends DispatchError {
  readonly code = 'DISPATCH_UNRECOVERABLE';
}

/**
 * Asks for another attempt, not before a delay, in place of the usual backoff: for a `Retry-After` header, or a lock that
 * somebody else holds. The attempt counts, and the default policy still gives up when it would have.
 *
 * Both errors also count inside the errors that this package wraps around those of handlers. Of several event handlers
 * that failed together, one that asks to be tried again is enough, and the longest delay holds; all of them must be
 * unrecoverable for the whole to be.
 *
 * @see https://symfony.com/doc/current/messenger.html#forcing-retrying whose two exceptions are found by the same rules;
 * there the one that asks for another attempt is tried without end, which nothing is here
 */
export class RetryLaterError extends DispatchError {
  readonly code = 'DISPATCH_RETRY_LATER';

  constructor(
    /**
     * In milliseconds from the failure, from 0 to 2 147 483 647. What is no such number, as of a header that could not be
     * read, is as if an ordinary error had been thrown.
     */
    readonly delayMs: number,
    message = `Try again in ${delayMs} ms.`,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
