import { DispatchError, errorText } from '../common/dispatch-error.js';
import {
  InvalidMessageError,
  UnreadableMessageError,
  type InvalidMessageErrorOptions,
  type Violation,
} from '../message/errors.js';

/** How far a raw message came before it failed. */
export interface RouteFacts {
  /** The name of the source that recognised it; undefined where none did. */
  readonly source: string | undefined;
  /** The key the source read from it; undefined where it did not come that far. */
  readonly key: string | undefined;
}

/** Why a signature was refused. `'rejected'` is the answer `false` of a `verify` written by hand. */
export type BadSignatureReason = 'missing' | 'malformed' | 'mismatch' | 'expired' | 'rejected';

/** No source recognises a message that an inspector could read. */
export class NoSourceError extends DispatchError implements RouteFacts {
  readonly code = 'DISPATCH_NO_SOURCE';
  readonly source = undefined;
  readonly key = undefined;

  constructor(sourceCount: number) {
    super(
      sourceCount === 0
        ? 'No source is registered: add a class with @Source to the providers of a module.'
        : `None of the ${sourceCount} registered sources recognises the message: register one whose "match" holds for it.`,
    );
  }
}

/** A source does not accept the signature of a message. Neither the secret nor a digest is in the text. */
export class BadSignatureError extends DispatchError implements RouteFacts {
  readonly code = 'DISPATCH_BAD_SIGNATURE';
  readonly key = undefined;

  readonly source: string | undefined;

  constructor(
    readonly reason: BadSignatureReason,
    source?: string,
    options?: ErrorOptions,
  ) {
    super(`The signature of a message${ofSource(source)} is refused: ${SIGNATURE_FAULTS[reason]}.`, options);
    this.source = source;
  }
}

const SIGNATURE_FAULTS: Readonly<Record<BadSignatureReason, string>> = {
  missing: 'there is none, check the header name',
  malformed: 'it does not have the form the scheme prescribes',
  mismatch: 'it is not that of these bytes, check the secret and that the body is the raw one',
  expired: 'its timestamp is outside the tolerance, check the clocks or whether it is a replay',
  rejected: 'the "verify" of the source says so',
};

/** A source's `verify` broke, so whether the message is genuine is unknown. It may be sent again. */
export class UnverifiableMessageError extends DispatchError implements RouteFacts {
  readonly code = 'DISPATCH_UNVERIFIABLE_MESSAGE';
  readonly key = undefined;

  constructor(
    readonly source: string,
    options?: ErrorOptions,
  ) {
    super(`Source "${source}" could not verify a message: its "verify" failed, see the cause.`, options);
  }
}

/** A raw message cannot be read: by any inspector, by its source, or as the class its key stands for. */
export class UnreadableRawMessageError extends UnreadableMessageError implements RouteFacts {
  readonly source: string | undefined;
  readonly key: string | undefined;

  constructor(fault: string, facts: Partial<RouteFacts>, options?: ErrorOptions) {
    super(`A raw message${ofSource(facts.source)}${ofKey(facts.key)} is unreadable: ${fault}.`, options);
    this.source = facts.source;
    this.key = facts.key;
  }
}

/** Nothing handles the key of a message. */
export class NoHandlerError extends DispatchError implements RouteFacts {
  readonly code = 'DISPATCH_NO_HANDLER';

  constructor(
    readonly source: string,
    readonly key: string,
    readonly version: number | undefined,
  ) {
    const wanted = version === undefined ? '' : ` in version ${version}`;
    super(
      `Nothing handles key "${key}"${wanted} from source "${source}": name a message or a handler's "keys" so, ` +
        `or call dispatcher.on("${key}", ...).`,
    );
  }
}

/** A routed message breaks the rules of its class; carries what the validation found. */
export class InvalidRawMessageError extends InvalidMessageError implements RouteFacts {
  readonly source: string;
  readonly key: string;

  constructor(
    facts: { readonly source: string; readonly key: string },
    messageName: string,
    violations: readonly Violation[],
    options?: InvalidMessageErrorOptions,
  ) {
    super(messageName, violations, options);
    this.source = facts.source;
    this.key = facts.key;
  }
}

/** An `onParse` or `onDispatch` hook threw, so the message was not dispatched. */
export class HookFailedError extends DispatchError implements RouteFacts {
  readonly code = 'DISPATCH_HOOK_FAILED';

  constructor(
    readonly hook: string,
    readonly source: string,
    readonly key: string,
    options?: ErrorOptions,
  ) {
    super(`Hook "${hook}" failed for a message${ofSource(source)}${ofKey(key)}, which was not dispatched.`, options);
  }
}

/** The handler of a routed message failed; `cause` is what it threw, and its text is in the text: not for strangers. */
export class HandlerFailedError extends DispatchError implements RouteFacts {
  readonly code = 'DISPATCH_HANDLER_FAILED';

  constructor(
    readonly source: string,
    readonly key: string,
    options: { readonly cause: unknown },
  ) {
    super(`The handler of a message${ofSource(source)}${ofKey(key)} failed: ${errorText(options.cause)}`, options);
  }
}

/** A second handler for one key. */
export class DuplicateKeyError extends DispatchError {
  readonly code = 'DISPATCH_DUPLICATE_KEY';

  constructor(readonly key: string) {
    super(`Key "${key}" is handled already: remove that handler first or choose another key.`);
  }
}

/** Sources or a signature scheme are set up wrongly; lists every problem. */
export class SourceSetupError extends DispatchError {
  readonly code = 'DISPATCH_SOURCE_SETUP';

  constructor(readonly problems: readonly string[]) {
    super(`The sources are set up wrongly: ${problems.join('; ')}.`);
  }
}

function ofSource(source: string | undefined): string {
  return source === undefined ? '' : ` of source "${source}"`;
}

function ofKey(key: string | undefined): string {
  return key === undefined ? '' : ` with key "${key}"`;
}
