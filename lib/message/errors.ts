import { DispatchError } from '../common/dispatch-error.js';

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
}

/** How many violations the text of the error shows; the field `violations` has them all. */
const SHOWN_VIOLATIONS = 20;

/** A message breaks the rules of its class. Lists every violation, not only the first. */
export class InvalidMessageError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_MESSAGE';
  /**
   * The very message that is invalid, where known: tells an error about one's own message from one about a message its
   * handler sent. Not enumerable, so that a log of the error does not show the payload.
   */
  declare readonly subject: object | undefined;

  constructor(
    readonly messageName: string,
    readonly violations: readonly Violation[],
    options: InvalidMessageErrorOptions = {},
  ) {
    super(`Message "${messageName}" is invalid: ${violationsText(violations)}.`, options);
    Object.defineProperty(this, 'subject', { value: options.subject });
  }
}

function violationsText(violations: readonly Violation[]): string {
  const lines = violations
    .slice(0, SHOWN_VIOLATIONS)
    .map(({ path, message }) => `${path === '' ? '(message)' : path}: ${message}`);
  const hidden = violations.length - lines.length;
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
    super(`The message has ${sizeBytes} bytes, the limit is ${maxBytes}: send less or raise "maxPayloadBytes".`);
  }
}
