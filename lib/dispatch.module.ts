import {
  Global,
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';

import { CommandBus } from './buses/command-bus.js';
import { EventBus } from './buses/event-bus.js';
import { QueryBus } from './buses/query-bus.js';
import { errorText } from './common/dispatch-error.js';
import {
  optionsProviders,
  resolveDispatchOptions,
  DISPATCH_OPTIONS,
  type DispatchAsyncOptions,
  type DispatchOptions,
  type ResolvedDispatchOptions,
} from './dispatch.options.js';
import { Dispatcher } from './dispatcher/dispatcher.js';
import { EventDelivery } from './dispatcher/event-delivery.js';
import { MessageDispatch } from './dispatcher/message-dispatch.js';
import { MessageStreams } from './dispatcher/message-streams.js';
import { ObservedRunMode } from './dispatcher/observed-run-mode.js';
import { Routes } from './dispatcher/routes.js';
import { EventPublisher } from './events/event-publisher.js';
import { FailureReporter } from './failures/failure-reporter.js';
import { UnhandledExceptionBus } from './failures/unhandled-exception-bus.js';
import type { DiscoveredProvider } from './handlers/discovered-provider.js';
import { WiringError, type WiringMistake } from './handlers/errors.js';
import { HandlerRegistry } from './handlers/handler-registry.js';
import { MessageScopes } from './handlers/message-scopes.js';
import { ProviderDiscovery } from './handlers/provider-discovery.js';
import { AmbientContext, AmbientStore } from './message/ambient-context.js';
import { Rehydrator } from './message/codec/rehydrate.js';
import { MessageValidators } from './message/validation/message-validators.js';
import { NotificationChannel } from './notifications/notification-channel.js';
import { notificationProviders, notificationTokens } from './notifications/notifications.js';
import { registerObserver } from './notifications/on-notification.decorator.js';
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
class DispatchStages {
  readonly ambient: AmbientStore;
  readonly channel: NotificationChannel;
  readonly unhandled: UnhandledExceptionBus;
  readonly inFlight = new InFlight();
  readonly streams = new MessageStreams();
  readonly registry = new HandlerRegistry();
  readonly behaviors: BehaviorRegistry;
  readonly routes: Routes;
  readonly dispatch: MessageDispatch;
  readonly router: MessageRouter;
  readonly dispatcher: Dispatcher;
  readonly commands: CommandBus;
  readonly queries: QueryBus;
  readonly events: EventBus;
  readonly sagas: SagaRunner;

  constructor(
    readonly options: ResolvedDispatchOptions,
    readonly discovery: ProviderDiscovery,
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

const STAGES: Provider = {
  provide: DispatchStages,
  inject: [{ token: DISPATCH_OPTIONS, optional: true }, ProviderDiscovery, MessageScopes],
  useFactory: async (options: DispatchOptions | undefined, discovery: ProviderDiscovery, scopes: MessageScopes) => {
    const [validators, rehydrator] = await Promise.all([MessageValidators.load(), Rehydrator.load()]);
    return new DispatchStages(resolveDispatchOptions(options), discovery, scopes, validators, rehydrator);
  },
};

function door<T>(provide: abstract new (...args: never[]) => T, pick: (stages: DispatchStages) => T): Provider {
  return { provide, inject: [DispatchStages], useFactory: pick };
}

/**
 * Sends every command, query and event of an application to its handlers, and takes foreign messages in. Import
 * `DispatchModule.forRoot()` once, in the root module: everything it provides is then there in every module.
 */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    ProviderDiscovery,
    MessageScopes,
    STAGES,
    AmbientContext,
    door(AmbientStore, ({ ambient }) => ambient),
    door(NotificationChannel, ({ channel }) => channel),
    door<UnhandledExceptionBus>(UnhandledExceptionBus, ({ unhandled }) => unhandled),
    door(Dispatcher, ({ dispatcher }) => dispatcher),
    door(CommandBus, ({ commands }) => commands),
    door(QueryBus, ({ queries }) => queries),
    door(EventBus, ({ events }) => events),
    door(EventPublisher, ({ events }) => new EventPublisher(events)),
    ...notificationProviders(),
  ],
  exports: [
    AmbientContext,
    UnhandledExceptionBus,
    Dispatcher,
    CommandBus,
    QueryBus,
    EventBus,
    EventPublisher,
    ...notificationTokens(),
  ],
})
export class DispatchModule implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('Dispatch');

  constructor(
    private readonly stages: DispatchStages,
    private readonly modules: ModulesContainer,
  ) {}

  /** The module with its options. */
  static forRoot(options: DispatchOptions = {}): DynamicModule {
    return rootModule({ providers: [{ provide: DISPATCH_OPTIONS, useValue: options }] });
  }

  /** The module with options that are made from other providers. */
  static forRootAsync(options: DispatchAsyncOptions): DynamicModule {
    return rootModule({ imports: options.imports ?? [], providers: optionsProviders(options) });
  }

  /** For a feature module that is also used without the root module, such as in a test: brings what `forRoot` provides. */
  static forFeature(): DynamicModule {
    return { module: DispatchFeatureModule, imports: [DispatchModule], exports: [DispatchModule] };
  }

  /** Finds handlers, sagas, sources and observers. @throws DISPATCH_WIRING with every mistake there is */
  onModuleInit(): void {
    const mistakes = [...this.stages.options.mistakes, ...this.stages.routes.build(), ...this.duplicateOptions()];
    for (const key of this.stages.router.conflictingKeys()) {
      mistakes.push({ rule: 'duplicate-key', text: `The key "${key}" has a function handler and a message class.` });
    }
    if (mistakes.length > 0) throw new WiringError(mistakes);
  }

  /** Stops intake, waits for running handlers up to `drainTimeoutMs`, then ends sagas, streams and notifications. */
  async beforeApplicationShutdown(): Promise<void> {
    const { dispatch, inFlight, sagas, streams, channel, options } = this.stages;
    const { drainTimeoutMs } = options;
    const startedAt = performance.now();
    dispatch.close();
    if (!(await inFlight.idle(drainTimeoutMs))) {
      this.logger.warn(`${inFlight.size} handlers were still running after ${drainTimeoutMs} ms; their signals abort.`);
      inFlight.abortAll(new ShutdownError(drainTimeoutMs));
    }
    sagas.stop();
    streams.complete();
    await channel.flush(Math.max(0, drainTimeoutMs - (performance.now() - startedAt)));
    channel.close();
  }

  private duplicateOptions(): WiringMistake[] {
    const roots = [...this.modules.values()].filter(({ metatype }) => metatype === DispatchOptionsModule);
    if (roots.length <= 1) return [];
    const text = `DispatchModule.forRoot() is imported ${roots.length} times: import it once, in the root module; it is global.`;
    return [{ rule: 'duplicate-options', text }];
  }
}

/** Holds the options, so that the module itself stays one however it is imported. */
@Module({})
class DispatchOptionsModule {}

@Module({})
class DispatchRootModule {}

@Module({})
class DispatchFeatureModule {}

function rootModule(options: Pick<DynamicModule, 'imports' | 'providers'>): DynamicModule {
  const holder = { ...options, module: DispatchOptionsModule, global: true, exports: [DISPATCH_OPTIONS] };
  return { module: DispatchRootModule, imports: [holder, DispatchModule], exports: [DispatchModule] };
}

function addSources(
  router: MessageRouter,
  optionSources: readonly SourceEntry[],
  providers: readonly DiscoveredProvider[],
): WiringMistake[] {
  const scoped = providers.filter(({ isStatic, type }) => !isStatic && sourceOptionsOf(type) !== undefined);
  const found = providers.filter(({ isStatic }) => isStatic).map(({ instance }) => sourceEntryOf(instance));
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
  return providers.flatMap(({ type, isStatic, instance }) =>
    attempt('invalid-observer', () => {
      registerObserver(channel, { target: type, instance: isStatic ? instance : undefined });
    }),
  );
}

function attempt(rule: WiringMistake['rule'], register: () => void): WiringMistake[] {
  try {
    register();
    return [];
  } catch (error) {
    return [{ rule, text: errorText(error) }];
  }
}
