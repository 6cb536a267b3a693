import {
  Global,
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';
import { ExternalContextCreator } from '@nestjs/core/helpers/external-context-creator.js';

import { CommandBus } from './buses/command-bus.js';
import { EventBus } from './buses/event-bus.js';
import { QueryBus } from './buses/query-bus.js';
import { errorText } from './common/dispatch-error.js';
import {
  resolveDispatchOptions,
  DISPATCH_OPTIONS,
  type MissingOptions,
  type DispatchOptions,
} from './dispatch.options.js';
import { optionsProviders, type DispatchAsyncOptions } from './wiring/async-options.js';
import { DispatchStages } from './wiring/stages.js';
import { Dispatcher } from './dispatcher/dispatcher.js';
import { aggregateRepositoryProviders, type AggregateSource } from './event-store/aggregates/aggregate-injection.js';
import { EventLog } from './event-store/event-log.js';
import { EventSourcing } from './event-store/event-sourcing.js';
import { EventPublisher } from './events/event-publisher.js';
import { DeadLetters } from './failures/dead-letters/dead-letters.js';
import { UnhandledExceptionBus } from './failures/unhandled-exception-bus.js';
import { WiringError, type WiringMistake } from './handlers/errors.js';
import { MessageScopes } from './handlers/message-scopes.js';
import { ProviderDiscovery } from './handlers/provider-discovery.js';
import { AmbientContext, AmbientStore } from './message/ambient-context.js';
import { NotificationChannel } from './notifications/notification-channel.js';
import { notificationProviders, notificationTokens } from './notifications/notifications.js';
import { Projections } from './projections/projections.js';
import { QueryCache } from './pipeline/query-cache/query-cache.js';
import { CircuitBreakers } from './pipeline/resilience/circuit-breaker/circuit-breakers.js';
import { HTTP_MISTAKES } from './operations/http/dead-letters-http.module.js';
import { LetterViews } from './operations/letter-views.js';
import { Outbox } from './run-modes/outbox/outbox.js';
import { Queues } from './run-modes/queue/queues.js';
import { QueueHealth } from './run-modes/worker/queue-health.js';
import { Transactions } from './transactions/transactions.js';

const STAGES: Provider = {
  provide: DispatchStages,
  inject: [
    { token: DISPATCH_OPTIONS, optional: true },
    ProviderDiscovery,
    MessageScopes,
    ModulesContainer,
    ExternalContextCreator,
  ],
  useFactory: (
    options: DispatchOptions | MissingOptions | undefined,
    discovery: ProviderDiscovery,
    scopes: MessageScopes,
    modules: ModulesContainer,
    external: ExternalContextCreator,
  ) => DispatchStages.load(resolveDispatchOptions(options), { discovery, scopes, modules, external }),
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
    door<EventSourcing>(EventSourcing, ({ eventSourcing }) => eventSourcing),
    door<EventLog>(EventLog, ({ eventSourcing }) => eventSourcing.log),
    door<Projections>(Projections, ({ projections }) => projections.projections),
    door(Queues, ({ queueing }) => queueing.queues),
    door(CircuitBreakers, ({ resilience }) => resilience.breakers),
    door<QueryCache>(QueryCache, ({ queryCaching }) => queryCaching.cache),
    door(QueueHealth, ({ queueing }) => queueing.health),
    door(Outbox, ({ queueing }) => queueing.outbox),
    door<Transactions>(Transactions, ({ transactions }) => transactions),
    door(DeadLetters, ({ deadLetters }) => deadLetters),
    door(
      LetterViews,
      ({ registry, rehydrator }) =>
        new LetterViews(registry.messages, (target, plain) => rehydrator.toMessage(target, plain)),
    ),
    ...notificationProviders(),
  ],
  exports: [
    DispatchStages,
    AmbientContext,
    UnhandledExceptionBus,
    Dispatcher,
    CommandBus,
    QueryBus,
    EventBus,
    EventPublisher,
    EventSourcing,
    EventLog,
    Projections,
    Queues,
    CircuitBreakers,
    QueryCache,
    QueueHealth,
    Outbox,
    DeadLetters,
    Transactions,
    LetterViews,
    ...notificationTokens(),
  ],
})
export class DispatchModule implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly stages: DispatchStages,
    private readonly modules: ModulesContainer,
  ) {}

  /** The module with its options. Where there are none it may be imported any number of times. */
  static forRoot(options: DispatchOptions = {}): DynamicModule {
    if (Object.keys(options).length === 0) return this.forFeature();
    return rootModule({ providers: [{ provide: DISPATCH_OPTIONS, useValue: options }] });
  }

  /** The module with options that are made from other providers. */
  static forRootAsync(options: DispatchAsyncOptions): DynamicModule {
    return rootModule({ imports: options.imports ?? [], providers: optionsProviders(options) });
  }

  /**
   * For a feature module: provides the repositories of the aggregates and deciders that are listed, for
   * `@InjectAggregateRepository()`. It also brings what `forRoot` provides, so that the module can be used without the root
   * module, such as in a test.
   *
   * @throws DISPATCH_INVALID_AGGREGATE where something else is listed
   */
  static forFeature(aggregates: readonly AggregateSource[] = []): DynamicModule {
    const providers = aggregateRepositoryProviders(aggregates);
    const tokens = providers.map(({ provide }) => provide);
    return { module: DispatchRootModule, imports: [DispatchModule], providers, exports: [DispatchModule, ...tokens] };
  }

  /**
   * Finds handlers, sagas, sources and observers, then connects to the queues.
   *
   * @throws DISPATCH_WIRING with every mistake there is, DISPATCH_QUEUE_UNAVAILABLE
   */
  async onModuleInit(): Promise<void> {
    const mistakes = [...this.stages.build(), ...this.duplicateOptions(), ...httpMistakes(this.modules)];
    if (mistakes.length > 0) throw new WiringError(mistakes);
    await this.stages.open().catch((error: unknown) => this.giveUp(error));
  }

  /** Begins to handle what waits in queues: every module is initialised by now. */
  async onApplicationBootstrap(): Promise<void> {
    await this.stages.work().catch((error: unknown) => this.giveUp(error));
  }

  /** Nest destroys nothing where the start fails, and connections left open would keep the process. */
  private async giveUp(error: unknown): Promise<never> {
    try {
      await this.stages.close();
    } catch (closing) {
      // Why the start failed is what matters.
      new Logger('Dispatch').warn(`Could not close what was open: ${errorText(closing)}`);
    }
    throw error;
  }

  /** Waits for running handlers, bounded by `drainTimeoutMs`, where `forRoot()` has not done it already. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.stages.close();
  }

  private duplicateOptions(): WiringMistake[] {
    const roots = [...this.modules.values()].filter(({ metatype }) => metatype === DispatchOptionsModule);
    if (roots.length <= 1) return [];
    const text = `DispatchModule.forRoot() is imported ${roots.length} times with options: give them once, in the root module; it is global.`;
    return [{ rule: 'duplicate-options', text }];
  }
}

/** What is wrong with modules beside this one, which would otherwise be told one after the other. */
function httpMistakes(modules: ModulesContainer): WiringMistake[] {
  const found = [...modules.values()].map(({ providers }) => providers.get(HTTP_MISTAKES)?.instance);
  // Only DeadLettersHttpModule has the token.
  return found.flatMap((mistakes) => (mistakes as readonly WiringMistake[] | undefined) ?? []);
}

/** Holds the options, so that the module itself stays one however it is imported. */
@Module({})
class DispatchOptionsModule {}

/**
 * What applications import. Nest destroys global modules last, when the connections that handlers use may be closed, so
 * the wait for running handlers starts from here, which is among the first.
 */
@Module({})
class DispatchRootModule implements OnModuleDestroy {
  constructor(private readonly stages: DispatchStages) {}

  async onModuleDestroy(): Promise<void> {
    await this.stages.close();
  }
}

function rootModule(options: Pick<DynamicModule, 'imports' | 'providers'>): DynamicModule {
  const holder = { ...options, module: DispatchOptionsModule, global: true, exports: [DISPATCH_OPTIONS] };
  return { module: DispatchRootModule, imports: [holder, DispatchModule], exports: [DispatchModule] };
}
