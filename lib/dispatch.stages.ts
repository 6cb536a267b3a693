import { Logger } from '@nestjs/common';

import { CommandBus } from './buses/command-bus.js';
import { EventBus } from './buses/event-bus.js';
import { QueryBus } from './buses/query-bus.js';
import { errorText } from './common/dispatch-error.js';
import { type ResolvedDispatchOptions } from './dispatch.options.js';
import { Dispatcher } from './dispatcher/dispatcher.js';
import { EventDelivery } from './dispatcher/event-delivery.js';
import { MessageDispatch } from './dispatcher/message-dispatch.js';
import { MessageStreams } from './dispatcher/message-streams.js';
import { ObservedRunMode } from './dispatcher/observed-run-mode.js';
import { Routes } from './dispatcher/routes.js';
import { FailureReporter } from './failures/failure-reporter.js';
import { UnhandledExceptionBus } from './failures/unhandled-exception-bus.js';
import type { DiscoveredProvider } from './handlers/discovered-provider.js';
import { type WiringMistake } from './handlers/errors.js';
import { HandlerRegistry } from './handlers/handler-registry.js';
import { MessageScopes } from './handlers/message-scopes.js';
import { ProviderDiscovery } from './handlers/provider-discovery.js';
import { AmbientStore } from './message/ambient-context.js';
import { Rehydrator } from './message/codec/rehydrate.js';
import { MessageValidators } from './message/validation/message-validators.js';
import { NotificationChannel } from './notifications/notification-channel.js';
import { observerProblemsOf, registerObserver } from './notifications/on-notification.decorator.js';
import { BehaviorRegistry } from './pipeline/behavior-registry.js';
import { HandlerPreparation } from './pipeline/handler-preparation.js';
import { PipelineBuilder } from './pipeline/pipeline-builder.js';
import { MessageRouter } from './router/message-router.js';
import { notifyingObserver } from './router/router-notifier.js';
import { jsonInspector } from './router/sources/inspector.js';
import { sourceEntryOf, sourceOptionsOf } from './router/sources/source.decorator.js';
import type { SourceEntry } from './router/sources/source.js';
import { ShutdownError } from './run-modes/errors.js';
import { InFlight } from './run-modes/in-flight.js';
import { SyncRunMode } from './run-modes/sync-run-mode.js';
import { SagaRunner } from './sagas/saga-runner.js';

/** The stages of one application, from the lowest to the doors. */
export class DispatchStages {
  private readonly logger = new Logger('Dispatch');
  private closing: Promise<void> | undefined;
  readonly ambient: AmbientStore;
  readonly channel: NotificationChannel;
  readonly unhandled: UnhandledExceptionBus;
  private readonly inFlight = new InFlight();
  private readonly streams = new MessageStreams();
  private readonly registry = new HandlerRegistry();
  private readonly behaviors: BehaviorRegistry;
  private readonly routes: Routes;
  private readonly dispatch: MessageDispatch;
  private readonly router: MessageRouter;
  readonly dispatcher: Dispatcher;
  readonly commands: CommandBus;
  readonly queries: QueryBus;
  readonly events: EventBus;
  private readonly sagas: SagaRunner;

  private constructor(
    private readonly options: ResolvedDispatchOptions,
    private readonly discovery: ProviderDiscovery,
    scopes: MessageScopes,
    validators: MessageValidators,
    rehydrator: Rehydrator,
  ) {
    const ambient = new AmbientStore(options.isAmbient);
    this.ambient = ambient;
    this.channel = new NotificationChannel(options.notifications);
    this.unhandled = new UnhandledExceptionBus(options.unhandledExceptionPublisher);
    const failures = new FailureReporter(this.unhandled, this.channel);
    this.behaviors = new BehaviorRegistry(scopes);
    const pipelines = new PipelineBuilder({
      behaviors: this.behaviors,
      scopes,
      validators,
      logging: options.logging,
      ambient,
    });
    this.routes = new Routes(discovery, this.registry, new HandlerPreparation(pipelines, options.timeoutMs));
    this.dispatch = this.makeDispatch(new SyncRunMode(this.inFlight, failures, ambient));
    this.router = this.makeRouter(rehydrator);
    this.dispatcher = new Dispatcher(this.dispatch, this.router);
    this.commands = new CommandBus(this.dispatcher, this.streams, options.commandPublisher);
    this.queries = new QueryBus(this.dispatcher, this.streams, options.queryPublisher);
    this.events = new EventBus(this.dispatcher, this.streams, options.eventPublisher);
    this.sagas = new SagaRunner({
      commands: this.commands,
      events: this.events,
      failures,
      channel: this.channel,
      ambient,
    });
    this.listen();
  }

  /** Makes the stages, with the optional peers that are installed. */
  static async load(
    options: ResolvedDispatchOptions,
    discovery: ProviderDiscovery,
    scopes: MessageScopes,
  ): Promise<DispatchStages> {
    const [validators, rehydrator] = await Promise.all([MessageValidators.load(), Rehydrator.load()]);
    return new DispatchStages(options, discovery, scopes, validators, rehydrator);
  }

  /** Finds and prepares everything. @returns every mistake there is in the wiring */
  build(): WiringMistake[] {
    const mistakes = [...this.options.mistakes, ...this.routes.build()];
    for (const key of this.router.conflictingKeys()) {
      mistakes.push({ rule: 'duplicate-key', text: `The key "${key}" has a function handler and a message class.` });
    }
    return mistakes;
  }

  /**
   * Stops intake, waits for running handlers up to `drainTimeoutMs`, then ends sagas, streams and notifications. Later
   * calls wait for the first.
   */
  close(): Promise<void> {
    return (this.closing ??= this.drain());
  }

  private async drain(): Promise<void> {
    const { drainTimeoutMs } = this.options;
    const startedAt = performance.now();
    this.dispatch.close();
    if (!(await this.inFlight.idle(drainTimeoutMs))) {
      const count = this.inFlight.size;
      this.logger.warn(`${count} handlers were still running after ${drainTimeoutMs} ms; their signals abort.`);
      this.inFlight.abortAll(new ShutdownError(drainTimeoutMs));
    }
    this.sagas.stop();
    this.streams.complete();
    this.unhandled.subject$.complete();
    await this.channel.flush(Math.max(0, drainTimeoutMs - (performance.now() - startedAt)));
    this.channel.close();
  }

  private makeDispatch(runMode: SyncRunMode): MessageDispatch {
    const { routes, inFlight, streams, channel, ambient } = this;
    return new MessageDispatch({
      routes,
      runMode: new ObservedRunMode(runMode, channel, ambient),
      delivery: new EventDelivery(runMode, streams, channel, ambient),
      inFlight,
      streams,
      ambient,
    });
  }

  private makeRouter(rehydrator: Rehydrator): MessageRouter {
    const { maxDepth, maxPayloadBytes, hooks } = this.options;
    return new MessageRouter({
      dispatch: this.dispatch,
      toMessage: (target, plain) => rehydrator.toMessage(target, plain),
      observer: notifyingObserver(this.channel),
      defaultInspector: jsonInspector(maxDepth),
      maxPayloadBytes,
      hooks,
    });
  }

  /** Hands what discovery finds to the stages it concerns. Behaviors come first: handlers are built with them. */
  private listen(): void {
    let optionSources: readonly SourceEntry[] = this.options.sources;
    this.discovery.onFound((providers) => this.behaviors.add(providers));
    this.discovery.onFound((providers) => this.registry.add(providers));
    this.discovery.onFound((providers) => {
      const sources = optionSources;
      optionSources = [];
      return addSources(this.router, sources, providers);
    });
    this.discovery.onFound((providers) => addObservers(this.channel, providers));
    this.discovery.onFound((providers) => this.sagas.add(providers));
  }
}

function addSources(
  router: MessageRouter,
  optionSources: readonly SourceEntry[],
  providers: readonly DiscoveredProvider[],
): WiringMistake[] {
  const scoped = providers.filter(({ isStatic, type }) => !isStatic && sourceOptionsOf(type) !== undefined);
  const found = providers.filter(({ isStatic }) => isStatic).map(({ instance, type }) => sourceEntryOf(instance, type));
  const entries = [...optionSources, ...found.filter((entry) => entry !== undefined)];
  const mistakes: WiringMistake[] = scoped.map(({ label }) => ({
    rule: 'invalid-source',
    text: `The source ${label} is request-scoped or transient: a source serves the whole application.`,
  }));
  return entries.length === 0
    ? mistakes
    : [...mistakes, ...attempt('invalid-source', () => router.registerSources(entries))];
}

function addObservers(channel: NotificationChannel, providers: readonly DiscoveredProvider[]): WiringMistake[] {
  return providers.flatMap(({ type, label, isStatic, instance }) => {
    const problems = observerProblemsOf(type);
    if (problems.length > 0) return problems.map((text) => ({ rule: 'invalid-observer', text: `${label} ${text}.` }));
    return attempt('invalid-observer', () => {
      registerObserver(channel, { target: type, label, instance: isStatic ? instance : undefined });
    });
  });
}

function attempt(rule: WiringMistake['rule'], register: () => void): WiringMistake[] {
  try {
    register();
    return [];
  } catch (error) {
    return [{ rule, text: errorText(error) }];
  }
}
