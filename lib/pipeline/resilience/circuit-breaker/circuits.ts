import { Logger } from '@nestjs/common';

import { errorText, isDispatchError } from '../../../common/dispatch-error.js';
import {
  CircuitClosedNotification,
  CircuitHalfOpenedNotification,
  CircuitOpenedNotification,
} from '../../../notifications/resilience/circuit-notifications.js';
import type { NotificationChannel } from '../../../notifications/notification-channel.js';
import { Circuit, type CallOutcome, type CircuitChange } from './circuit.js';
import type { CircuitBreakerOptions } from './circuit-breaker.decorator.js';
import { resolveCircuitSettings, type CircuitSettings } from './circuit-breaker.options.js';
import type { NamedSettings } from '../named-settings.js';

/** The circuits of an application: those of names, and those of handlers without one. Made when they are first needed. */
export class Circuits {
  private readonly logger = new Logger('Dispatch');
  private readonly byName = new Map<string, Circuit>();
  private readonly byHandler = new Map<object, Circuit>();
  isStopping = false;

  constructor(
    private readonly settings: NamedSettings<CircuitSettings>,
    private readonly channel: NotificationChannel,
  ) {}

  /** The circuit of a name; undefined where nothing defines it. */
  named(name: string): Circuit | undefined {
    const known = this.byName.get(name);
    const settings = this.settings.get(name);
    if (known !== undefined || settings === undefined) return known;
    const made = this.make(name, settings);
    this.byName.set(name, made);
    return made;
  }

  /** The circuit that a handler says, or its own. */
  of(handler: { readonly name: string }, options: CircuitBreakerOptions): Circuit {
    const known = (options.name === undefined ? undefined : this.named(options.name)) ?? this.byHandler.get(handler);
    if (known !== undefined) return known;
    const made = this.make(options.name ?? handler.name, options);
    this.byHandler.set(handler, made);
    return made;
  }

  /** What an error says of the dependency behind a circuit. */
  outcomeOf({ name, settings }: Circuit, error: unknown): CallOutcome {
    // A call inside was refused by the same circuit: that is no news.
    if (isDispatchError(error, 'DISPATCH_CIRCUIT_OPEN') && 'circuit' in error && error.circuit === name)
      return 'unknown';
    try {
      return settings.countsAsFailure(error) ? 'failed' : 'answered';
    } catch (thrown) {
      this.logger.warn(`"countsAsFailure" of the circuit "${name}" has thrown: ${errorText(thrown)}`);
      return 'failed';
    }
  }

  /** Has nobody wait any longer: the application is about to stop. */
  stop(): void {
    this.isStopping = true;
    for (const circuit of [...this.byName.values(), ...this.byHandler.values()]) circuit.wake();
  }

  private make(name: string, options: CircuitBreakerOptions): Circuit {
    const settings = resolveCircuitSettings(options, (error) => !isDispatchError(error, 'DISPATCH_UNRECOVERABLE'));
    return new Circuit(name, settings, (circuit, change) => this.tell(circuit, change));
  }

  private tell({ name, settings: { openMs } }: Circuit, { state, failures, calls, error }: CircuitChange): void {
    const { channel, logger } = this;
    switch (state) {
      case 'open':
        logger.warn(
          `The circuit "${name}" opens for ${openMs} ms, ${failures} of ${calls} calls failed: ${errorText(error)}`,
        );
        if (!channel.wants(CircuitOpenedNotification)) return;
        channel.publish(new CircuitOpenedNotification(name, { openMs, failures, calls, error }));
        return;
      case 'halfOpen':
        if (channel.wants(CircuitHalfOpenedNotification)) channel.publish(new CircuitHalfOpenedNotification(name));
        return;
      case 'closed':
        logger.log(`The circuit "${name}" is closed again.`);
        if (channel.wants(CircuitClosedNotification)) channel.publish(new CircuitClosedNotification(name));
    }
  }
}
