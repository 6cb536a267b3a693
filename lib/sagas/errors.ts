import { DispatchError } from '../common/dispatch-error.js';

/** A saga cannot be started. */
export class InvalidSagaError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_SAGA';

  constructor(
    readonly saga: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(
      `The saga ${saga} cannot run: ${problem}. A saga takes the stream of events and returns one of commands.`,
      options,
    );
  }
}
