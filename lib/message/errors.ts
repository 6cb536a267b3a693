import { DispatchError } from '../common/dispatch-error.js';
import { cutShort, MAX_PATH_LENGTH, MAX_TEXT_LENGTH, MAX_VIOLATIONS } from './validation/violation-limits.js';

/** One rule a message breaks. */
export interface Violation {
  /** Dotted path of the field, with array indexes: `'lines.0.quantity'`; empty for the message as a whole. */
  readonly path: string;
  readonly message: string;
}

/** What an {@link InvalidMessageError} may carry beside its violations. */
export interface InvalidMessageErrorOptions extends ErrorOptions {
  /** The message that is invalid. */
  readonly subject?: object;
  /**
   * How many violations there are, where the list has not all of them. Default: as many as it has, or, where it is the
   * list of another InvalidMessageError given as the cause, as many as that one says.
   */
  readonly violationCount?: number;
}

/** How many violations the text of the error shows; the field `violations` has more. */
const SHOWN_VIOLATIONS = 20;

/** A message breaks the rules of its class. Lists every violation, not only the first, up to a limit. */
export class InvalidMessageError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_MESSAGE';
  /**
   * The very message that is invalid, where known: tells an error about one's own message from one about a message its
   * handler sent. Not enumerable, so that a log of the error does not show the payload.
   */
  declare readonly subject: object | undefined;
  /** The first 100 at most, each with at most 200 characters of its path and 500 of its text. */
  readonly violations: readonly Violation[];
  /** How many violations there are in all. */
  readonly violationCount: number;

  constructor(
    readonly messageName: string,
    violations: readonly Violation[],
    options: InvalidMessageErrorOptions = {},
  ) {
    const listed = violations.slice(0, MAX_VIOLATIONS).map(shortened);
    const violationCount = options.violationCount ?? countOf(violations, options.cause);
    super(`Message "${messageName}" is invalid: ${violationsText(listed, violationCount)}.`, options);
    this.violations = listed;
    this.violationCount = violationCount;
    Object.defineProperty(this, 'subject', { value: options.subject });
  }
}

function shortened({ path, message }: Violation): Violation {
  return { path: cutShort(path, MAX_PATH_LENGTH), message: cutShort(message, MAX_TEXT_LENGTH) };
}

function countOf(violations: readonly Violation[], cause: unknown): number {
  const isListOfCause = cause instanceof InvalidMessageError && cause.violations === violations;
  return isListOfCause ? cause.violationCount : violations.length;
}

function violationsText(violations: readonly Violation[], violationCount: number): string {
  const lines = violations
    .slice(0, SHOWN_VIOLATIONS)
    .map(({ path, message }) => `${path === '' ? '(message)' : path}: ${message}`);
  const hidden = violationCount - lines.length;
  return lines.join('; ') + (hidden > 0 ? `; and ${hidden} more` : '');
}

/** Bytes or a plain value cannot be turned into the message they claim to be. */
export class UnreadableMessageError extends DispatchError {
  readonly code = 'DISPATCH_UNREADABLE_MESSAGE';
}

/** A value cannot be written as JSON without loss. */
export class UnserializableMessageError extends DispatchError {
  readonly code = 'DISPATCH_UNSERIALIZABLE_MESSAGE';

  constructor(
    /** Dotted path of the part that cannot be written; empty for the value as a whole. */
    readonly path: string,
    reason: string,
  ) {
    super(`${path === '' ? 'The value' : `The field "${path}"`} cannot be sent: ${reason}. Send plain data instead.`);
  }
}

/** A message exceeds the limit on its bytes. */
export class MessageTooLargeError extends DispatchError {
  readonly code = 'DISPATCH_MESSAGE_TOO_LARGE';

  constructor(
    readonly sizeBytes: number,
    readonly maxBytes: number,
  ) {
    super(
      `The message has ${sizeBytes} bytes, the limit is ${maxBytes}: send less or raise "maxPayloadBytes", or "maxBytes" of "claimCheck" where that keeps it.`,
    );
  }
}
