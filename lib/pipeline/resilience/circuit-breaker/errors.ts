import { DispatchError } from '../../../common/dispatch-error.js';

/** A circuit is open: the call was not made, since those before it failed. Nothing has happened, so it may be made again. */
export class CircuitOpenError extends DispatchError {
  readonly code = 'DISPATCH_CIRCUIT_OPEN';

  constructor(
    /** The name of the circuit. */
    readonly circuit: string,
    /** When another try is worth it, in milliseconds from the refusal, from 1. */
    readonly retryAfterMs: number,
  ) {
    super(`The circuit "${circuit}" is open since its calls failed: try again in ${retryAfterMs} ms.`);
  }
}

/** A circuit was asked for by a name that nothing defines. */
export class UnknownCircuitError extends DispatchError {
  readonly code = 'DISPATCH_UNKNOWN_CIRCUIT';

  constructor(readonly circuit: string) {
    super(
      `No circuit is named "${circuit}": define it in "resilience.circuits" of DispatchModule, or name it in @CircuitBreaker of a handler.`,
    );
  }
}
