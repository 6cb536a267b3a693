import type { HandlerContext, MessageContext } from '../../../message/message-context.js';
import type { Next, PipelineBehavior } from '../../behavior.js';
import { saysNothing } from '../refused.js';
import type { Circuit, CircuitPass } from './circuit.js';
import type { CircuitBreakerOptions } from './circuit-breaker.decorator.js';
import type { Circuits } from './circuits.js';
import { CircuitOpenError } from './errors.js';

/** Lets messages through to a handler as its circuit allows. It is put around handlers by itself: see `@CircuitBreaker`. */
export class CircuitBreakerBehavior implements PipelineBehavior {
  private known: Circuit | undefined;

  constructor(
    private readonly circuits: Circuits,
    private readonly handler: { readonly name: string },
    private readonly options: CircuitBreakerOptions,
  ) {}

  /** @throws DISPATCH_CIRCUIT_OPEN */
  async handle(context: HandlerContext, next: Next): Promise<unknown> {
    // Not before the first message: by then every place that may say how the circuit behaves is known.
    const circuit = (this.known ??= this.circuits.of(this.handler, this.options));
    // Behaviors are given contexts that the dispatcher made, and no others.
    const own = context as MessageContext;
    const pass = circuit.enter() ?? (await this.admitted(circuit, own));
    try {
      const result = await next();
      circuit.end(pass, 'answered');
      return result;
    } catch (error) {
      circuit.end(pass, saysNothing(own, error) ? 'unknown' : this.circuits.outcomeOf(circuit, error), error);
      throw error;
    }
  }

  /** Behind a queue that rests while the circuit is open there is nothing to do but wait for those that find out. */
  private async admitted(circuit: Circuit, context: MessageContext): Promise<CircuitPass> {
    const holds = context.queue !== undefined && this.options.pauses !== 'message';
    if (!holds) throw this.refuse(circuit, context);
    while (circuit.state === 'halfOpen' && !this.circuits.isStopping) {
      await circuit.changes(context.signal);
      context.signal.throwIfAborted();
      const pass = circuit.enter();
      if (pass !== undefined) return pass;
    }
    throw this.refuse(circuit, context);
  }

  private refuse({ name, retryAfterMs: delayMs }: Circuit, context: MessageContext): CircuitOpenError {
    const error = new CircuitOpenError(name, delayMs);
    context.refusal = { error, delayMs, rests: this.options.pauses ?? 'queue' };
    return error;
  }
}
