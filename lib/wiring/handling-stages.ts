import type { ModulesContainer } from '@nestjs/core';
import type { ExternalContextCreator } from '@nestjs/core/helpers/external-context-creator.js';

import { type ResolvedDispatchOptions } from '../dispatch.options.js';
import { ObservedRunMode } from '../dispatcher/observed-run-mode.js';
import { Placements } from '../dispatcher/queued/placement.js';
import { Routes } from '../dispatcher/routes.js';
import { FailurePolicies } from '../failures/policy/failure-policies.js';
import { FailureReporter } from '../failures/failure-reporter.js';
import { UnhandledExceptionBus } from '../failures/unhandled-exception-bus.js';
import { HandlerRegistry } from '../handlers/handler-registry.js';
import { MessageScopes } from '../handlers/message-scopes.js';
import { ProviderDiscovery } from '../handlers/provider-discovery.js';
import { AmbientStore } from '../message/ambient-context.js';
import { Rehydrator } from '../message/codec/rehydrate.js';
import { MessageValidators } from '../message/validation/message-validators.js';
import { DecisionLog } from '../notifications/decisions/decision-log.js';
import { NotificationChannel } from '../notifications/notification-channel.js';
import { BehaviorRegistry } from '../pipeline/behavior-registry.js';
import { HandlerPreparation } from '../pipeline/handler-preparation.js';
import { IdempotentCalls } from '../pipeline/idempotency/idempotent-calls.js';
import { NestEnhancers } from '../pipeline/enhancers/nest-enhancers.js';
import { Sequences } from '../pipeline/sequence/sequences.js';
import { PipelineBuilder } from '../pipeline/pipeline-builder.js';
import { QueryCaching } from '../pipeline/query-cache/query-caching.js';
import { Inbox } from '../pipeline/transactions/inbox.js';
import { Resilience } from '../pipeline/resilience/resilience.js';
import { InFlight } from '../run-modes/in-flight.js';
import { LastFailures } from '../run-modes/last-failures.js';
import { SyncRunMode } from '../run-modes/sync-run-mode.js';
import { QueueStage } from '../run-modes/worker/queue-stage.js';
import { Transactions } from '../transactions/transactions.js';

/** What the stages take from Nest. */
export interface NestParts {
  readonly discovery: ProviderDiscovery;
  readonly scopes: MessageScopes;
  readonly modules: ModulesContainer;
  readonly external: ExternalContextCreator;
}

/** The stages that handlers are found, prepared and run with, up to the queues: what lies below the dispatcher. */
export abstract class HandlingStages {
  readonly ambient: AmbientStore;
  readonly channel: NotificationChannel;
  readonly unhandled: UnhandledExceptionBus;
  protected readonly failures: FailureReporter;
  readonly transactions: Transactions;
  protected readonly inbox: Inbox;
  protected readonly inFlight = new InFlight();
  readonly registry = new HandlerRegistry();
  protected readonly behaviors: BehaviorRegistry;
  protected readonly enhancers: NestEnhancers;
  protected readonly policies: FailurePolicies;
  private readonly lastFailures: LastFailures;
  protected readonly decisions: DecisionLog;
  protected readonly idempotency: IdempotentCalls;
  readonly resilience: Resilience;
  readonly queryCaching = new QueryCaching();
  protected readonly sequences: Sequences;
  protected readonly placements: Placements;
  readonly routes: Routes;
  readonly queueing: QueueStage;
  protected readonly runMode: SyncRunMode;
  protected readonly observed: ObservedRunMode;

  protected constructor(
    protected readonly options: ResolvedDispatchOptions,
    protected readonly nest: NestParts,
    validators: MessageValidators,
    readonly rehydrator: Rehydrator,
  ) {
    const ambient = new AmbientStore(options.isAmbient);
    this.ambient = ambient;
    this.channel = new NotificationChannel(options.notifications);
    this.decisions = new DecisionLog(this.channel, options.isDecisionLogged);
    this.unhandled = new UnhandledExceptionBus(options.unhandledExceptionPublisher);
    const failures = new FailureReporter(this.unhandled, this.channel);
    this.failures = failures;
    const hookFailed = (error: unknown): void => failures.transactionHookFailed(error);
    this.transactions = new Transactions(options.transactions.scope, hookFailed, this.inFlight);
    this.inbox = new Inbox(options.transactions.inbox, this.channel);
    this.behaviors = new BehaviorRegistry(nest.scopes);
    this.policies = new FailurePolicies(options.failures.policy, options.failures.rules, (error) =>
      failures.policyFailed(error),
    );
    this.lastFailures = new LastFailures(options.failures.hasFaults, failures);
    const isDurable = (): boolean => this.queueing.client?.backend.features.has('durable') ?? false;
    this.idempotency = IdempotentCalls.of(options, isDurable);
    this.resilience = new Resilience(options.resilience, this.channel);
    this.sequences = new Sequences({ ...options.sequence, channel: this.channel, hasDurableQueue: isDurable });
    this.placements = new Placements(options.queueing.placement);
    this.enhancers = new NestEnhancers({ ...nest, isGlobal: options.nestEnhancers.global });
    this.routes = this.makeRoutes(validators, this.placements);
    this.queueing = this.makeQueueing();
    // What goes through a queue carries its correlation to where it can be seen.
    if (this.queueing.client !== undefined) ambient.want();
    this.runMode = new SyncRunMode(this.inFlight, failures, ambient, this.lastFailures, this.decisions);
    this.observed = new ObservedRunMode(this.runMode, this.channel, ambient, this.decisions);
  }

  private makeRoutes(validators: MessageValidators, placements: Placements): Routes {
    const { behaviors, ambient, enhancers, idempotency, sequences, resilience, queryCaching, transactions, inbox } =
      this;
    const { discovery, scopes } = this.nest;
    const { timeoutMs, queueing, logging, failures } = this.options;
    const around = {
      behaviors,
      ambient,
      enhancers,
      idempotency,
      sequences,
      resilience,
      queryCaching,
      transactions,
      inbox,
    };
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
    const { channel, unhandled, inFlight, policies, lastFailures, decisions, transactions } = this;
    const { queueing, maxPayloadBytes: maxBytes, maxDepth } = this.options;
    return new QueueStage({
      ...queueing,
      channel,
      unhandled,
      inFlight,
      policies,
      lastFailures,
      decisions,
      transactions,
      limits: { maxBytes, maxDepth },
    });
  }
}
