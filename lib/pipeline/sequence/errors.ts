import { DispatchError } from '../../common/dispatch-error.js';

/** What errors say of the message they are about. */
export interface SequencedFacts {
  readonly handlerName: string;
  readonly messageName: string;
  readonly messageId: string;
  /** The key of its stream. */
  readonly key: string;
  /** Its number. */
  readonly sequence: number;
}

/** A message came before one that is expected first. It is not lost: its queue keeps it, and brings it again. */
export class OutOfSequenceError extends DispatchError {
  readonly code = 'DISPATCH_OUT_OF_SEQUENCE';

  constructor(
    readonly call: SequencedFacts,
    /** The number that is expected. */
    readonly expected: number,
  ) {
    super(`${textOf(call)} comes before number ${expected}, which is expected first: it waits in its queue.`);
  }
}

/** A number of a stream did not come in time, or too many later ones wait for it, and the handler is not to go on without it. */
export class SequenceGapError extends DispatchError {
  readonly code = 'DISPATCH_SEQUENCE_GAP';

  constructor(
    readonly call: SequencedFacts,
    /** The number that is missing. */
    readonly expected: number,
    readonly reason: 'late' | 'full',
  ) {
    const why = reason === 'late' ? 'did not come within "gapTimeoutMs"' : 'has more than "maxHeld" waiting behind it';
    super(
      `${textOf(call)} cannot be handled: number ${expected} ${why}. Send that one, then this one again, or have numbers that do not come left out with whenGap: 'skip'.`,
    );
  }
}

/** What keeps how far streams are failed; `cause` says why. */
export class SequenceUnavailableError extends DispatchError {
  readonly code = 'DISPATCH_SEQUENCE_UNAVAILABLE';

  constructor(
    readonly call: SequencedFacts,
    options: ErrorOptions,
  ) {
    super(`${textOf(call)} cannot ask whether it is its turn, or say that it was: see the cause.`, options);
  }
}

/** The key or the number that a message has by `@InSequence` cannot be used. */
export class InvalidSequenceError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_SEQUENCE';

  constructor(handlerName: string, messageName: string, problem: string) {
    super(`${handlerName} cannot put "${messageName}" in sequence: ${problem}.`);
  }
}

/** A store of sequences was given options it cannot work with; the text lists every one. */
export class InvalidSequenceOptionsError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_SEQUENCE_OPTIONS';

  constructor(
    what: string,
    readonly problems: readonly string[],
  ) {
    super(`${what} ${problems.join('; ')}.`);
  }
}

function textOf({ handlerName, messageName, messageId, key, sequence }: SequencedFacts): string {
  return `Number ${sequence} of "${key}", "${messageName}" (${messageId}) for ${handlerName},`;
}
