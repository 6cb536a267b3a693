import { Logger } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { ExternalContextCreator } from '@nestjs/core/helpers/external-context-creator.js';

import { CommandBus } from './buses/command-bus.js';
import { EventBus } from './buses/event-bus.js';
import { QueryBus } from './buses/query-bus.js';
import { makeDeadLetters } from './dispatch.dead-letters.js';
import { knowQueues } from './dispatch.known-queues.js';
import { addObservers, addSources, misplacedDecorators } from './dispatch.findings.js';
import { eventSourcingMistakes, makeEventSourcing } from './dispatch.findings.js';
import { type ResolvedDispatchOptions } from './dispatch.options.js';
import { Dispatcher } from './dispatcher/dispatcher.js';
import { KeyedMessages } from './dispatcher/keyed-messages.js';
import { EventDelivery } from './dispatcher/event-delivery.js';
import { MessageDispatch } from './dispatcher/message-dispatch.js';
import { MessageStreams } from './dispatcher/message-streams.js';
import { ObservedRunMode } from './dispatcher/observed-run-mode.js';
import { Placements } from './dispatcher/queued/placement.js';
import { QueueEntries } from './dispatcher/queued/queue-entries.js';
import { QueueOperations } from './dispatcher/queued/queue-operations.js';
import { QueuedDispatch } from './dispatcher/queued/queued-dispatch.js';
import { Routes } from './dispatcher/routes.js';
import type { EventSourcing } from './event-store/event-sourcing.js';
import { FailurePolicies } from './failures/policy/failure-policies.js';
import type { DeadLetters } from './failures/dead-letters/dead-letters.js';
import { FailureReporter } from './failures/failure-reporter.js';
import { UnhandledExceptionBus } from './failures/unhandled-exception-bus.js';
import { type WiringMistake } from './handlers/errors.js';
import { HandlerRegistry } from './handlers/handler-registry.js';
import { MessageScopes } from './handlers/message-scopes.js';
import { ProviderDiscovery } from './handlers/provider-discovery.js';
import { AmbientStore } from './message/ambient-context.js';
import { Rehydrator } from './message/codec/rehydrate.js';
import { MessageValidators } from './message/validation/message-validators.js';
import { DecisionLog } from './notifications/decisions/decision-log.js';
import { NotificationChannel } from './notifications/notification-channel.js';
import { BehaviorRegistry } from './pipeline/behavior-registry.js';
import { HandlerPreparation } from './pipeline/handler-preparation.js';
import { IdempotentCalls } from './pipeline/idempotency/idempotent-calls.js';
import { NestEnhancers } from './pipeline/enhancers/nest-enhancers.js';
import { Sequences } from './pipeline/sequence/sequences.js';
import { PipelineBuilder } from './pipeline/pipeline-builder.js';
import { QueryCaching } from './pipeline/query-cache/query-caching.js';
import { Resilience } from './pipeline/resilience/resilience.js';
import { MessageRouter } from './router/message-router.js';
import { notifyingObserver } from './router/router-notifier.js';
import { jsonInspector } from './router/sources/inspector.js';
import type { SourceEntry } from './router/sources/source.js';
import { ShutdownError } from './run-modes/errors.js';
import { InFlight } from './run-modes/in-flight.js';
import { LastFailures } from './run-modes/last-failures.js';
import { SyncRunMode } from './run-modes/sync-run-mode.js';
import { QueueStage } from './run-modes/worker/queue-stage.js';
import { SagaRunner } from './sagas/saga-runner.js';

/** How long handlers that were told to stop are given to do so before their messages go back, in milliseconds. */
const ABORT_GRACE_MS = 250;

/** What the stages take from Nest. */
export interface NestParts {
  readonly discovery: ProviderDiscovery;
  readonly scopes: MessageScopes;
  readonly modules: ModulesContainer;
  readonly external: ExternalContextCreator;
}

/** The stages of one application, from the lowest to the doors. */
export class DispatchStages {
  private readonly logger = new Logger('Dispatch');
  private closing: Promise<void> | undefined;
  readonly ambient: AmbientStore;
  readonly channel: NotificationChannel;
  readonly unhandled: UnhandledExceptionBus;
  private readonly inFlight = new InFlight();
  private readonly streams = new MessageStreams();
  readonly registry = new HandlerRegistry();
  private readonly behaviors: BehaviorRegistry;
  private readonly enhancers: NestEnhancers;
  private readonly policies: FailurePolicies;
  private readonly lastFailures: LastFailures;
  private readonly decisions: DecisionLog;
  private readonly idempotency: IdempotentCalls;
  readonly resilience: Resilience;
  readonly queryCaching = new QueryCaching();
  private readonly sequences: Sequences;
  readonly routes: Routes;
  private readonly runMode: SyncRunMode;
  private readonly observed: ObservedRunMode;
  private readonly dispatch: MessageDispatch;
  private readonly router: MessageRouter;
  readonly dispatcher: Dispatcher;
  readonly commands: CommandBus;
  readonly queries: QueryBus;
  readonly events: EventBus;
  private readonly sagas: SagaRunner;
  readonly queueing: QueueStage;
  readonly deadLetters: DeadLetters;
  readonly eventSourcing: EventSourcing;

  private constructor(
    private readonly options: ResolvedDispatchOptions,
    private readonly nest: NestParts,
    validators: MessageValidators,
    readonly rehydrator: Rehydrator,
  ) {
    const ambient = new AmbientStore(options.isAmbient);
    this.ambient = ambient;
    this.channel = new NotificationChannel(options.notifications);
    this.decisions = new DecisionLog(this.channel, options.isDecisionLogged);
    this.unhandled = new UnhandledExceptionBus(options.unhandledExceptionPublisher);
    const failures = new FailureReporter(this.unhandled, this.channel);
    this.behaviors = new BehaviorRegistry(nest.scopes);
    this.policies = new FailurePolicies(options.failures.policy, options.failures.rules, (error) =>
      failures.policyFailed(error),
    );
    this.lastFailures = new LastFailures(options.failures.hasFaults, failures);
    const isDurable = (): boolean => this.queueing.client?.backend.features.has('durable') ?? false;
    this.idempotency = IdempotentCalls.of(options, isDurable);
    this.resilience = new Resilience(options.resilience, this.channel);
    this.sequences = new Sequences({ ...options.sequence, channel: this.channel, hasDurableQueue: isDurable });
    const placements = new Placements(options.queueing.placement);
    this.enhancers = new NestEnhancers({ ...nest, isGlobal: options.nestEnhancers.global });
    this.routes = this.makeRoutes(validators, placements);
    this.queueing = this.makeQueueing();
    // What goes through a queue carries its correlation to where it can be seen.
    if (this.queueing.client !== undefined) ambient.want();
    const queued = new QueuedDispatch(placements, this.queueing.client, (queue) => this.queueing.startsLater(queue));
    this.runMode = new SyncRunMode(this.inFlight, failures, ambient, this.lastFailures, this.decisions);
    this.observed = new ObservedRunMode(this.runMode, this.channel, ambient, this.decisions);
    this.dispatch = this.makeDispatch(queued);
    this.router = this.makeRouter();
    this.dispatcher = new Dispatcher(this.dispatch, this.router, this.makeOperations(queued));
    this.commands = new CommandBus(this.dispatcher, this.streams, options.commandPublisher);
    this.queries = new QueryBus(this.dispatcher, this.streams, options.queryPublisher);
    this.events = new EventBus(this.dispatcher, this.streams, options.eventPublisher);
    const { commands, events, channel, queueing, routes, inFlight } = this;
    this.deadLetters = makeDeadLetters({ queueing, routes, channel, inFlight });
    this.sagas = new SagaRunner({ commands, events, failures, channel, ambient, policies: this.policies });
    this.eventSourcing = makeEventSourcing(options, nest.discovery, this);
    this.listen();
  }

  /** Makes the stages, with the optional peers that are installed. */
  static async load(options: ResolvedDispatchOptions, nest: NestParts): Promise<DispatchStages> {
    const [validators, rehydrator] = await Promise.all([MessageValidators.load(), Rehydrator.load()]);
    return new DispatchStages(options, nest, validators, rehydrator);
  }

  /** Finds and prepares everything. @returns every mistake there is in the wiring */
  build(): WiringMistake[] {
    const { options, enhancers, routes } = this;
    const mistakes = [
      ...options.mistakes,
      ...enhancers.globalMistakes(),
      ...routes.build(),
      ...knowQueues(this.options.queueing, this),
    ];
    for (const key of this.router.conflictingKeys()) {
      mistakes.push({ rule: 'duplicate-key', text: `The key "${key}" has a function handler and a message class.` });
    }
    return [...mistakes, ...eventSourcingMistakes(this.eventSourcing)];
  }

  /** Connects to the stores. @throws DISPATCH_QUEUE_UNAVAILABLE, or what another store says */
  async open(): Promise<void> {
    const { queueing, idempotency, sequences, eventSourcing } = this;
    for (const each of [queueing, idempotency, sequences, eventSourcing]) await each.open();
  }

  /** Begins to handle what waits in the queues of this process. */
  async work(): Promise<void> {
    const { client } = this.queueing;
    if (client === undefined || this.closing !== undefined) return;
    const { routes, dispatch: owner, rehydrator } = this;
    await this.queueing.work(
      new QueueEntries({
        routes,
        owner,
        runMode: this.observed,
        queued: client.runMode,
        announce: (envelope) => this.streams.events.next({ envelope, owner, reactions: undefined }),
        toMessage: (target, plain) => rehydrator.toMessage(target, plain),
      }),
    );
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
    this.deadLetters.stop();
    this.queueing.stop();
    this.resilience.stop();
    this.sagas.endWaits();
    if (!(await this.inFlight.idle(drainTimeoutMs))) {
      const count = this.inFlight.size;
      this.logger.warn(`${count} handlers were still running after ${drainTimeoutMs} ms; their signals abort.`);
      this.inFlight.abortAll(new ShutdownError(drainTimeoutMs));
      await this.inFlight.idle(Math.min(ABORT_GRACE_MS, drainTimeoutMs));
    }
    await this.queueing.close(Math.max(0, drainTimeoutMs - (performance.now() - startedAt)));
    await this.idempotency.close();
    await this.resilience.close();
    await this.sequences.close();
    await this.eventSourcing.close();
    this.sagas.stop();
    this.streams.complete();
    this.unhandled.subject$.complete();
    // Whatever closing took: the last notifications tell what became of what was not finished.
    await this.channel.flush(Math.max(ABORT_GRACE_MS, drainTimeoutMs - (performance.now() - startedAt)));
    this.channel.close();
    this.ambient.close();
  }

  private makeRoutes(validators: MessageValidators, placements: Placements): Routes {
    const { behaviors, ambient, enhancers, idempotency, sequences, resilience, queryCaching } = this;
    const { discovery, scopes } = this.nest;
    const { timeoutMs, queueing, logging, failures } = this.options;
    const around = { behaviors, ambient, enhancers, idempotency, sequences, resilience, queryCaching };
    const pipelines = new PipelineBuilder({ ...around, scopes, validators, logging });
    const preparation = new HandlerPreparation(
      pipelines,
      timeoutMs,
      queueing.factory !== undefined,
      this.policies,
      failures.hasFaults,
    );
    return new Routes(discovery, this.registry, preparation, placements);
  }

  private makeQueueing(): QueueStage {
    const { channel, unhandled, inFlight, policies, lastFailures, decisions } = this;
    const { queueing, maxPayloadBytes: maxBytes, maxDepth } = this.options;
    return new QueueStage({
      ...queueing,
      channel,
      unhandled,
      inFlight,
      policies,
      lastFailures,
      decisions,
      limits: { maxBytes, maxDepth },
    });
  }

  private makeOperations(queued: QueuedDispatch): QueueOperations {
    const { maxPayloadBytes: maxBytes, maxDepth } = this.options;
    const backend = this.queueing.client?.backend;
    return new QueueOperations({ routes: this.routes, queued, backend, limits: { maxBytes, maxDepth } });
  }

  private makeDispatch(queued: QueuedDispatch): MessageDispatch {
    const { routes, observed, runMode, inFlight, streams, channel, ambient, idempotency, decisions } = this;
    return new MessageDispatch({
      routes,
      queued,
      runMode: observed,
      delivery: new EventDelivery(runMode, streams, channel, ambient),
      inFlight,
      streams,
      ambient,
      effects: idempotency,
      decisions,
    });
  }

  private makeRouter(): MessageRouter {
    const { rehydrator } = this;
    const { maxDepth, maxPayloadBytes, hooks } = this.options;
    const { dispatch, routes, observed: runMode, ambient, decisions } = this;
    return new MessageRouter({
      dispatch: new KeyedMessages({ dispatch, routes, runMode, ambient, decisions }),
      toMessage: (target, plain) => rehydrator.toMessage(target, plain),
      observer: notifyingObserver(this.channel),
      defaultInspector: jsonInspector(maxDepth),
      maxPayloadBytes,
      hooks,
    });
  }

  /** Hands what discovery finds to the stages it concerns. Behaviors come first: handlers are built with them. */
  private listen(): void {
    const { discovery } = this.nest;
    let optionSources: readonly SourceEntry[] = this.options.sources;
    discovery.onFound((providers) => this.behaviors.add(providers));
    discovery.onFound((providers) => this.registry.add(providers));
    discovery.onFound((providers) => {
      const sources = optionSources;
      optionSources = [];
      return addSources(this.router, sources, providers);
    });
    discovery.onFound((providers) => addObservers(this.channel, providers));
    discovery.onFound((providers) => this.sagas.add(providers));
    discovery.onFound(misplacedDecorators);
  }
}
