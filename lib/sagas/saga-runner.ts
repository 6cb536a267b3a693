import type { Subscription } from 'rxjs';

import type { CommandBus } from '../buses/command-bus.js';
import type { EventBus } from '../buses/event-bus.js';
import { errorText } from '../common/dispatch-error.js';
import type { FailureReporter } from '../failures/failure-reporter.js';
import type { FailurePolicies } from '../failures/policy/failure-policies.js';
import { failureRulesOf } from '../failures/policy/on-error.decorator.js';
import type { DiscoveredProvider } from '../handlers/discovered-provider.js';
import type { WiringMistake } from '../handlers/errors.js';
import type { AmbientStore } from '../message/ambient-context.js';
import type { NotificationChannel } from '../notifications/notification-channel.js';
import { SagaReactedNotification } from '../notifications/saga-notifications.js';
import { InvalidSagaError, InvalidSagaOutputError } from './errors.js';
import { SagaFailures } from './saga-failures.js';
import { sagasOf, type ISaga } from './saga.decorator.js';
import { StreamSaga, type CurrentReaction, type StreamSagaObserver } from './stream-saga.js';

/** What sagas need; all of it lives as long as the application. */
export interface SagaRunnerParts {
  readonly commands: CommandBus;
  readonly events: EventBus;
  readonly failures: FailureReporter;
  readonly channel: NotificationChannel;
  readonly ambient: AmbientStore;
  readonly policies: FailurePolicies;
}

/** Shows every event to every saga, in the order they were found, and sends the commands they answer with. */
export class SagaRunner implements StreamSagaObserver {
  private readonly sagas: StreamSaga[] = [];
  private subscription: Subscription | undefined;

  constructor(private readonly parts: SagaRunnerParts) {}

  /** Starts the sagas of the providers. @returns what is wrong with those that cannot run */
  add(providers: readonly DiscoveredProvider[]): WiringMistake[] {
    return providers.flatMap((provider) =>
      sagasOf(provider.type).flatMap((property) => this.addSaga(provider, property)),
    );
  }

  /** Class and method of each saga that has not ended, in the order in which they see an event. */
  get names(): readonly string[] {
    return this.sagas.filter(({ hasEnded }) => !hasEnded).map(({ name }) => name);
  }

  /** Gives up on events that wait for another attempt; sagas go on with those that are still published. */
  endWaits(): void {
    for (const { failures } of this.sagas) failures.end();
  }

  /** Ends all sagas. */
  stop(): void {
    this.subscription?.unsubscribe();
    for (const saga of this.sagas) saga.stop();
  }

  emitted(saga: StreamSaga, output: unknown, reaction: CurrentReaction | undefined): void {
    // What is falsy sends nothing, so that a saga may say `isDue && new ShipOrder()`.
    const values = (Array.isArray(output) ? output : [output]).filter(Boolean);
    const event = reaction?.published.envelope;
    const { failures } = this.parts;
    const commands = values.filter(isCommand);
    if (commands.length > 0 && this.parts.channel.wants(SagaReactedNotification)) {
      this.parts.channel.publish(new SagaReactedNotification(saga.name, event?.message, commands));
    }
    for (const value of values) {
      if (isCommand(value)) this.send(saga, value, reaction);
      else {
        const error = new InvalidSagaOutputError(saga.name, value);
        failures.sagaFailed({ saga: saga.name, event, command: undefined, error });
      }
    }
  }

  private send(saga: StreamSaga, command: object, reaction: CurrentReaction | undefined): void {
    const context = reaction?.context ?? this.parts.ambient.current();
    const sent: Promise<unknown> = this.parts.commands.execute(command, context === undefined ? {} : { context });
    const event = reaction?.published.envelope;
    sent.catch((error: unknown) => saga.failures.atCommand(error, command, event));
    reaction?.published.reactions?.push(sent);
  }

  private addSaga(provider: DiscoveredProvider, property: string | symbol): WiringMistake[] {
    const name = `${provider.type.name}.${String(property)}`;
    if (!provider.isStatic)
      return [
        invalid(
          provider,
          name,
          'its class is request-scoped or transient, but a saga lives as long as the application',
        ),
      ];
    const method = provider.member(property);
    if (method === undefined && provider.isStandIn) return [];
    if (typeof method !== 'function') return [invalid(provider, name, 'it is no function')];
    const { ambient, failures, policies } = this.parts;
    const policy = policies.ofSaga(failureRulesOf(provider.type));
    const bound = method.bind(provider.instance) as ISaga;
    const saga = new StreamSaga(name, bound, new SagaFailures(name, policy, failures), this, ambient);
    try {
      saga.start();
    } catch (error) {
      return [invalid(provider, name, error instanceof InvalidSagaError ? error.problem : errorText(error))];
    }
    this.sagas.push(saga);
    this.subscription ??= this.parts.events.published.subscribe((published) => {
      for (const each of this.sagas) each.react(published);
    });
    return [];
  }
}

function isCommand(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function invalid(provider: DiscoveredProvider, name: string, problem: string): WiringMistake {
  const end = problem.endsWith('.') ? '' : '.';
  return { rule: 'invalid-saga', text: `The saga ${name} of ${provider.label} cannot run: ${problem}${end}` };
}
