import { DispatchError } from '../../common/dispatch-error.js';

/** The payload of a message was kept outside its queue, and is not there any more. The message is parked as unreadable. */
export class ClaimCheckMissingError extends DispatchError {
  readonly code = 'DISPATCH_CLAIM_CHECK_MISSING';

  constructor(
    readonly queue: string,
    readonly entryId: string,
    readonly claimId: string,
  ) {
    super(
      `The payload of the entry ${entryId} of the queue "${queue}" is not in the store of "claimCheck" (${claimId}): it was older than "ttlMs" allows, or this process has another store than the sender's. It is parked as unreadable.`,
    );
  }
}

/** The store of "claimCheck" failed; `cause` says why. A send has stored nothing; a message that was delivered comes again. */
export class ClaimCheckUnavailableError extends DispatchError {
  readonly code = 'DISPATCH_CLAIM_CHECK_UNAVAILABLE';

  constructor(
    readonly messageName: string,
    readonly attempted: 'keep' | 'read',
    options: ErrorOptions,
  ) {
    const what = attempted === 'keep' ? 'kept, so it was not sent' : 'read, so it is delivered again later';
    super(`The payload of "${messageName}" could not be ${what}: see the cause.`, options);
  }
}

/** The store of "claimCheck" has no room for a payload, so its message was not sent. */
export class ClaimCheckFullError extends DispatchError {
  readonly code = 'DISPATCH_CLAIM_CHECK_FULL';

  constructor(
    readonly sizeBytes: number,
    readonly maxBytes: number,
  ) {
    super(
      `The store of "claimCheck" has no room for a payload of ${sizeBytes} bytes, its limit is ${maxBytes}: send later, raise "maxBytes" of memoryClaimCheck(), or use a store that keeps payloads elsewhere.`,
    );
  }
}

/** A store of payloads was given options it cannot work with; the text lists every one. */
export class InvalidClaimCheckOptionsError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_CLAIM_CHECK_OPTIONS';

  constructor(
    what: string,
    readonly problems: readonly string[],
  ) {
    super(`${what} ${problems.join('; ')}.`);
  }
}
