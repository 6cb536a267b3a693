import { checkOptions } from '../../handlers/checked-options.js';
import type { WiringMistake } from '../../handlers/errors.js';
import { handlerDeclarationsOf } from '../../handlers/handler.decorators.js';
import type { RegisteredHandler } from '../../handlers/handler-registry.js';
import type { MessageDefinition } from '../../message/message.decorator.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { shippedStep, type PlacedStep } from '../behavior-registry.js';
import { CircuitBreakerBehavior } from './circuit-breaker/circuit-breaker.behavior.js';
import { circuitBreakerOptionsOf, type CircuitBreakerOptions } from './circuit-breaker/circuit-breaker.decorator.js';
import { BREAKER_CHECKS, type CircuitSettings } from './circuit-breaker/circuit-breaker.options.js';
import { CircuitBreakers } from './circuit-breaker/circuit-breakers.js';
import { Circuits } from './circuit-breaker/circuits.js';
import { NamedSettings } from './named-settings.js';
import type { ResolvedResilience } from './resilience.options.js';

/** What keeps the handlers of an application, and what they depend on, from being overrun. */
export class Resilience {
  readonly breakers: CircuitBreakers;
  private readonly circuits: Circuits;
  private readonly circuitSettings = new NamedSettings<CircuitSettings>('the circuit');
  /** Classes whose decorators were looked at: one mistake is told once. */
  private readonly checked = new Set<object>();

  constructor(
    private readonly options: ResolvedResilience,
    channel: NotificationChannel,
  ) {
    for (const [name, settings] of options.circuits) {
      this.circuitSettings.add(name, settings, 'The option "resilience.circuits" of DispatchModule');
    }
    if (options.circuitBreaker !== undefined) {
      this.define('The option "resilience.circuitBreaker" of DispatchModule', options.circuitBreaker);
    }
    this.circuits = new Circuits(this.circuitSettings, channel);
    this.breakers = new CircuitBreakers(this.circuits);
  }

  /** What stands around a handler; nothing where nothing is said. */
  stepsFor({ provider: { type } }: RegisteredHandler, { target }: MessageDefinition): PlacedStep[] {
    const breaker = circuitBreakerOptionsOf(type) ?? circuitBreakerOptionsOf(target) ?? this.options.circuitBreaker;
    if (breaker === undefined) return [];
    const behavior = new CircuitBreakerBehavior(this.circuits, type, breaker);
    return [shippedStep(CircuitBreakerBehavior, behavior, -220)];
  }

  /** What is wrong with what the decorators of a handler, or of its messages, say. */
  mistakesOf({ provider }: RegisteredHandler): WiringMistake[] {
    const messages = handlerDeclarationsOf(provider.type).flatMap((declaration) => declaration.messages);
    const ofMessages = messages.flatMap((message) =>
      typeof message === 'function' ? this.check(`The message ${message.name}`, message) : [],
    );
    return [...this.check(provider.label, provider.type), ...ofMessages];
  }

  /** Has nothing wait any longer behind a queue: the application is about to stop. */
  stop(): void {
    this.circuits.stop();
  }

  private check(label: string, target: object): WiringMistake[] {
    if (this.checked.has(target)) return [];
    this.checked.add(target);
    const breaker = circuitBreakerOptionsOf(target);
    if (breaker === undefined) return [];
    const owner = { label, ofWhat: ' of @CircuitBreaker' };
    const { options, mistakes } = checkOptions<CircuitBreakerOptions>(owner, breaker, BREAKER_CHECKS);
    return [...mistakes, ...this.define(label, options)];
  }

  private define(label: string, { name, pauses: _own, ...settings }: CircuitBreakerOptions): WiringMistake[] {
    return name === undefined ? [] : this.circuitSettings.add(name, settings, label);
  }
}
