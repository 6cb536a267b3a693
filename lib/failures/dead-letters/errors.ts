import { DispatchError } from '../../common/dispatch-error.js';

/** What was asked of dead letters cannot be: lists everything that is wrong with it. Nothing was done. */
export class InvalidDeadLetterQueryError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_DEAD_LETTER_QUERY';

  constructor(
    /** The method, as `replay()`. */
    readonly method: string,
    readonly problems: readonly string[],
  ) {
    super(`deadLetters.${method} was not begun: ${problems.join('; ')}.`);
  }
}

/** A dead letter is not there: it was replayed, discarded or removed as too old, or never was. */
export class DeadLetterGoneError extends DispatchError {
  readonly code = 'DISPATCH_DEAD_LETTER_GONE';

  constructor(readonly letterId: string) {
    super(
      `There is no dead letter ${letterId}: somebody has replayed or discarded it, or it was kept no longer. List them again.`,
    );
  }
}

/** A dead letter is not the first of its key, in a queue that is `sequenced`. It stays where it is, and follows by itself. */
export class DeadLetterBehindError extends DispatchError {
  readonly code = 'DISPATCH_DEAD_LETTER_BEHIND';

  constructor(
    readonly letterId: string,
    /** The first of its key, which may be on its way to its handler by now. */
    readonly headId: string,
  ) {
    super(
      `The dead letter ${letterId} was not replayed: it is behind ${headId}, an earlier message of its key. Replay or discard that one, and this one follows.`,
    );
  }
}

/** A dead letter cannot become a message again in the way that was asked for. It stays where it is. */
export class DeadLetterNotReplayableError extends DispatchError {
  readonly code = 'DISPATCH_DEAD_LETTER_NOT_REPLAYABLE';

  constructor(
    readonly letterId: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`The dead letter ${letterId} was not replayed: ${problem}.`, options);
  }
}
