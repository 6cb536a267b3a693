import type { Circuits } from './circuits.js';
import { CircuitOpenError, UnknownCircuitError } from './errors.js';
import type { Circuit, CircuitState } from './circuit.js';

/**
 * The circuits of an application, for calls that are no handlers. To be injected.
 *
 * @example
 * ```ts
 * const rate = await this.breakers.run('bank', () => this.bank.rate('EUR'));
 * ```
 */
export class CircuitBreakers {
  constructor(private readonly circuits: Circuits) {}

  /**
   * Makes a call through the circuit of a dependency, and counts how it ends. A handler that lets the `CircuitOpenError` out
   * has failed, and its failure policy decides: a rule such as `on(CircuitOpenError).schedule('30s')` has it come again.
   *
   * @throws DISPATCH_CIRCUIT_OPEN where it is not made, DISPATCH_UNKNOWN_CIRCUIT, and whatever the call throws
   */
  async run<R>(name: string, call: () => R | Promise<R>): Promise<R> {
    const circuit = this.named(name);
    const pass = circuit.enter();
    if (pass === undefined) throw new CircuitOpenError(name, circuit.retryAfterMs);
    try {
      const result = await call();
      circuit.end(pass, 'answered');
      return result;
    } catch (error) {
      circuit.end(pass, this.circuits.outcomeOf(circuit, error), error);
      throw error;
    }
  }

  /** How the circuit stands, as the next call finds it. @throws DISPATCH_UNKNOWN_CIRCUIT */
  state(name: string): CircuitState {
    return this.named(name).state;
  }

  private named(name: string): Circuit {
    const circuit = this.circuits.named(name);
    if (circuit === undefined) throw new UnknownCircuitError(name);
    return circuit;
  }
}
