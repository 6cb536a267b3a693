import { describeKind } from '../common/describe-value.js';
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
      `The saga ${saga} cannot run: ${problem}${problem.endsWith('.') ? '' : '.'} A saga takes the stream of events and returns one of commands.`,
      options,
    );
  }
}

/** A saga emitted something that is no command. It goes on with the next event. */
export class InvalidSagaOutputError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_SAGA_OUTPUT';

  constructor(
    readonly saga: string,
    /** What it emitted. */
    readonly output: unknown,
  ) {
    super(
      `${saga} emitted ${describeKind(output)}, which is no command: emit an instance of a command class, a list of them, or nothing.`,
    );
  }
}
