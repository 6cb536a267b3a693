import { Logger } from '@nestjs/common';

import { CommandBus } from '../buses/command-bus.js';
import { EventBus } from '../buses/event-bus.js';
import { QueryBus } from '../buses/query-bus.js';
import { eventSourcingMistakes, makeEventSourcing, makeProjections } from './event-sourcing.js';
import { addObservers, addSources, misplacedDecorators } from './findings.js';
import { makeDeadLetters } from './dead-letters.js';
import { HandlingStages, type NestParts } from './handling-stages.js';
import { knowQueues } from './known-queues.js';
import { type ResolvedDispatchOptions } from '../dispatch.options.js';
import { Dispatcher } from '../dispatcher/dispatcher.js';
import { KeyedMessages } from '../dispatcher/keyed-messages.js';
import { EventDelivery } from '../dispatcher/event-delivery.js';
import { MessageDispatch } from '../dispatcher/message-dispatch.js';
import { MessageStreams } from '../dispatcher/message-streams.js';
import { QueueEntries } from '../dispatcher/queued/queue-entries.js';
import { QueueOperations } from '../dispatcher/queued/queue-operations.js';
import { QueuedDispatch } from '../dispatcher/queued/queued-dispatch.js';
import type { EventSourcing } from '../event-store/event-sourcing.js';
import type { DeadLetters } from '../failures/dead-letters/dead-letters.js';
import { type WiringMistake } from '../handlers/errors.js';
import { Rehydrator } from '../message/codec/rehydrate.js';
import { MessageValidators } from '../message/validation/message-validators.js';
import type { ProjectionStage } from '../projections/projection-stage.js';
import { MessageRouter } from '../router/message-router.js';
import { notifyingObserver } from '../router/router-notifier.js';
import { jsonInspector } from '../router/sources/inspector.js';
import type { SourceEntry } from '../router/sources/source.js';
import { ShutdownError } from '../run-modes/errors.js';
import { SagaRunner } from '../sagas/saga-runner.js';

/** How long handlers that were told to stop are given to do so before their messages go back, in milliseconds. */
const ABORT_GRACE_MS = 250;

/** The stages of one application, from the lowest to the doors. */
export class DispatchStages extends HandlingStages {
  private readonly logger = new Logger('Dispatch');
  private closing: Promise<void> | undefined;
  private readonly streams = new MessageStreams();
  private readonly dispatch: MessageDispatch;
  private readonly router: MessageRouter;
  readonly dispatcher: Dispatcher;
  readonly commands: CommandBus;
  readonly queries: QueryBus;
  readonly events: EventBus;
  private readonly sagas: SagaRunner;
  readonly deadLetters: DeadLetters;
  readonly eventSourcing: EventSourcing;
  readonly projections: ProjectionStage;

  private constructor(
    options: ResolvedDispatchOptions,
    nest: NestParts,
    validators: MessageValidators,
    rehydrator: Rehydrator,
  ) {
    super(options, nest, validators, rehydrator);
    const queued = new QueuedDispatch(this.placements, this.queueing.client, (queue) =>
      this.queueing.startsLater(queue),
    );
    this.dispatch = this.makeDispatch(queued);
    this.router = this.makeRouter();
    this.dispatcher = new Dispatcher(this.dispatch, this.router, this.makeOperations(queued));
    this.commands = new CommandBus(this.dispatcher, this.streams, options.commandPublisher);
    this.queries = new QueryBus(this.dispatcher, this.streams, options.queryPublisher);
    this.events = new EventBus(this.dispatcher, this.streams, options.eventPublisher);
    const { commands, events, channel, queueing, routes, inFlight, failures, ambient } = this;
    this.deadLetters = makeDeadLetters({ queueing, routes, channel, inFlight });
    this.sagas = new SagaRunner({ commands, events, failures, channel, ambient, policies: this.policies });
    this.eventSourcing = makeEventSourcing(options, nest.discovery, this);
    this.projections = makeProjections(options.projections, nest.discovery, this);
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
    const { transactions, inbox, queueing, idempotency, sequences, eventSourcing, projections } = this;
    const opened = [transactions, inbox, queueing, idempotency, sequences, eventSourcing, projections];
    for (const each of opened) await each.open();
  }

  /** Begins to handle what waits in the queues of this process. */
  async work(): Promise<void> {
    const { client } = this.queueing;
    if (this.closing !== undefined) return;
    if (this.options.queueing.role.name !== 'send') this.projections.work();
    if (client === undefined) return;
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
    const projected = this.projections.stop(drainTimeoutMs);
    if (!(await this.inFlight.idle(drainTimeoutMs))) {
      const count = this.inFlight.size;
      this.logger.warn(`${count} handlers were still running after ${drainTimeoutMs} ms; their signals abort.`);
      this.inFlight.abortAll(new ShutdownError(drainTimeoutMs));
      await this.inFlight.idle(Math.min(ABORT_GRACE_MS, drainTimeoutMs));
    }
    await projected;
    await this.queueing.close(Math.max(0, drainTimeoutMs - (performance.now() - startedAt)));
    const { idempotency, resilience, sequences, eventSourcing, projections, transactions, inbox } = this;
    const stores = [idempotency, resilience, sequences, eventSourcing, projections, transactions, inbox];
    // At once, for each may take as long as its server does not answer.
    await Promise.all(stores.map((each) => each.close()));
    this.sagas.stop();
    this.streams.complete();
    this.unhandled.subject$.complete();
    // Whatever closing took: the last notifications tell what became of what was not finished.
    await this.channel.flush(Math.max(ABORT_GRACE_MS, drainTimeoutMs - (performance.now() - startedAt)));
    this.channel.close();
    this.ambient.close();
  }

  private makeOperations(queued: QueuedDispatch): QueueOperations {
    const { maxPayloadBytes: maxBytes, maxDepth } = this.options;
    const backend = this.queueing.client?.backend;
    const limits = { maxBytes, maxDepth };
    return new QueueOperations({ routes: this.routes, queued, backend, limits, sagas: () => this.sagas.names });
  }

  private makeDispatch(queued: QueuedDispatch): MessageDispatch {
    const { routes, observed, runMode, inFlight, streams, channel, ambient, idempotency, decisions } = this;
    return new MessageDispatch({
      routes,
      queued,
      runMode: observed,
      delivery: new EventDelivery(runMode, streams, channel, ambient, this.transactions),
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
