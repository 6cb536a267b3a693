import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import { checkOptions } from '../../handlers/checked-options.js';
import type { WiringMistake } from '../../handlers/errors.js';
import { handlerDeclarationsOf } from '../../handlers/handler.decorators.js';
import type { RegisteredHandler } from '../../handlers/handler-registry.js';
import type { MessageDefinition } from '../../message/message.decorator.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { shippedStep, type PlacedStep } from '../behavior-registry.js';
import { BulkheadBehavior } from './bulkhead/bulkhead.behavior.js';
import { BULKHEAD_CHECKS, bulkheadOptionsOf, type BulkheadOptions } from './bulkhead/bulkhead.decorator.js';
import { Bulkheads } from './bulkhead/bulkheads.js';
import { CircuitBreakerBehavior } from './circuit-breaker/circuit-breaker.behavior.js';
import { circuitBreakerOptionsOf, type CircuitBreakerOptions } from './circuit-breaker/circuit-breaker.decorator.js';
import { BREAKER_CHECKS, idleSettingProblem, type CircuitSettings } from './circuit-breaker/circuit-breaker.options.js';
import { CircuitBreakers } from './circuit-breaker/circuit-breakers.js';
import { Circuits } from './circuit-breaker/circuits.js';
import { NamedSettings } from './named-settings.js';
import { RateLimitBehavior } from './rate-limit/rate-limit.behavior.js';
import { RATE_LIMIT_CHECKS, rateLimitOptionsOf, type RateLimitOptions } from './rate-limit/rate-limit.decorator.js';
import type { ResolvedResilience } from './resilience.options.js';

/** What keeps the handlers of an application, and what they depend on, from being overrun. */
export class Resilience {
  readonly breakers: CircuitBreakers;
  private readonly circuits: Circuits;
  private readonly circuitSettings = new NamedSettings<CircuitSettings>('the circuit');
  private readonly limitSettings = new NamedSettings<Pick<RateLimitOptions, 'max' | 'durationMs'>>('the rate limit');
  private readonly bulkheads = new Bulkheads();
  private readonly bulkheadSettings = new NamedSettings<BulkheadOptions>('the bulkhead');
  private readonly logger = new Logger('Dispatch');
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
    const { options, circuits } = this;
    const steps: PlacedStep[] = [];
    const limit = rateLimitOptionsOf(type) ?? rateLimitOptionsOf(target) ?? options.rateLimit;
    if (limit !== undefined) {
      steps.push(shippedStep(RateLimitBehavior, new RateLimitBehavior(options.rateLimitStore, limit), -240));
    }
    const bulkhead = bulkheadOptionsOf(type) ?? bulkheadOptionsOf(target) ?? options.bulkhead;
    if (bulkhead !== undefined) {
      const behavior = new BulkheadBehavior(this.bulkheads.of(type, bulkhead), bulkhead);
      steps.push(shippedStep(BulkheadBehavior, behavior, -230));
    }
    const breaker = circuitBreakerOptionsOf(type) ?? circuitBreakerOptionsOf(target) ?? options.circuitBreaker;
    if (breaker !== undefined) {
      const behavior = new CircuitBreakerBehavior(circuits, type, breaker);
      steps.push(shippedStep(CircuitBreakerBehavior, behavior, -220));
    }
    return steps;
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
    this.bulkheads.stop();
  }

  /** Ends what stores have opened, once no handler runs. */
  async close(): Promise<void> {
    try {
      await this.options.rateLimitStore.close?.();
    } catch (error) {
      this.logger.warn(`Could not close the store of rate limits: ${errorText(error)}`);
    }
  }

  private check(label: string, target: object): WiringMistake[] {
    if (this.checked.has(target)) return [];
    this.checked.add(target);
    const limits = [...this.checkLimit(label, target), ...this.checkBulkhead(label, target)];
    return [...this.checkBreaker(label, target), ...limits];
  }

  private checkBreaker(label: string, target: object): WiringMistake[] {
    const breaker = circuitBreakerOptionsOf(target);
    if (breaker === undefined) return [];
    const owner = { label, decorator: '@CircuitBreaker' };
    const { options, mistakes } = checkOptions<CircuitBreakerOptions>(owner, breaker, BREAKER_CHECKS);
    const problem = idleSettingProblem(options);
    const text = `@CircuitBreaker of ${label} ${problem}.`;
    const idle: WiringMistake[] = problem === undefined ? [] : [{ rule: 'invalid-options', text }];
    return [...mistakes, ...idle, ...this.define(label, options)];
  }

  private checkLimit(label: string, target: object): WiringMistake[] {
    const limit = rateLimitOptionsOf(target);
    if (limit === undefined) return [];
    const owner = { label, decorator: '@RateLimit' };
    const { options, mistakes } = checkOptions<RateLimitOptions>(owner, limit, RATE_LIMIT_CHECKS);
    if (mistakes.length > 0) return mistakes;
    const { name, max, durationMs = 1000 } = options;
    if (max === undefined) return [{ rule: 'invalid-options', text: `${label} has @RateLimit without "max".` }];
    return name === undefined ? [] : this.limitSettings.add(name, { max, durationMs }, label);
  }

  private checkBulkhead(label: string, target: object): WiringMistake[] {
    const bulkhead = bulkheadOptionsOf(target);
    if (bulkhead === undefined) return [];
    const owner = { label, decorator: '@Bulkhead' };
    const { options, mistakes } = checkOptions<BulkheadOptions>(owner, bulkhead, BULKHEAD_CHECKS);
    if (mistakes.length > 0) return mistakes;
    const { name, limit, queueLimit = 0 } = options;
    if (limit === undefined) return [{ rule: 'invalid-options', text: `${label} has @Bulkhead without "limit".` }];
    return name === undefined ? [] : this.bulkheadSettings.add(name, { limit, queueLimit }, label);
  }

  private define(label: string, { name, pauses: _own, ...settings }: CircuitBreakerOptions): WiringMistake[] {
    return name === undefined ? [] : this.circuitSettings.add(name, settings, label);
  }
}
