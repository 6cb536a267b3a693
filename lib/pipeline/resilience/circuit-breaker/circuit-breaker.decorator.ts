import 'reflect-metadata';

import type { CircuitSettings } from './circuit-breaker.options.js';

const CIRCUIT_BREAKER = Symbol.for('nestjs-dispatch/circuit-breaker');

/** Options of {@link CircuitBreaker}. */
export interface CircuitBreakerOptions extends CircuitSettings {
  /**
   * The circuit of a dependency, shared by all that name it, in 1 to 200 characters. Its settings are said in one place: here, or
   * in `resilience.circuits` of the module. Default: a circuit of the handler's own, which all its messages share.
   */
  readonly name?: string;
  /**
   * What waits behind a queue while the circuit is open: the whole `'queue'` (default), in each process that meets it, other
   * handlers of that queue included; or only each `'message'` that comes, which goes back for the time.
   */
  readonly pauses?: 'queue' | 'message';
}

/**
 * Stops calling a handler while what it depends on fails. On the class of a handler, or of a message, for the handlers of it that
 * have none of their own.
 *
 * While the circuit is open the handler is not called. In the caller's turn a message is refused with a `CircuitOpenError`. Behind
 * a queue it waits, and no attempt is counted: the queue rests in this process, and goes on by itself. A message whose handler did
 * run and fail is no different from before: its failure policy decides, also about the ones that are let through to find out.
 *
 * @example
 * ```ts
 * @CircuitBreaker({ name: 'bank', failureRate: 0.5, openMs: 10_000 })
 * @CommandHandler(ChargeCard, { runMode: RunMode.Async })
 * class ChargeCardHandler {}
 * ```
 */
export function CircuitBreaker(options: CircuitBreakerOptions = {}) {
  return (target: abstract new (...args: never[]) => object): void =>
    Reflect.defineMetadata(CIRCUIT_BREAKER, options, target);
}

/** What `@CircuitBreaker` says on this very class, as it was written; undefined for a class without it. */
export function circuitBreakerOptionsOf(target: object): CircuitBreakerOptions | undefined {
  return Reflect.getOwnMetadata(CIRCUIT_BREAKER, target) as CircuitBreakerOptions | undefined;
}
