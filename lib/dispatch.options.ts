import type { ICommandPublisher, IEventPublisher, IQueryPublisher } from './buses/publishers.js';
import type { DeadLettersOptions } from './failures/dead-letters/dead-letter-options.js';
import type { IUnhandledExceptionPublisher } from './failures/unhandled-exception-bus.js';
import type { WiringMistake } from './handlers/errors.js';
import { DEFAULT_CODEC_LIMITS } from './message/codec/json-codec.js';
import { OptionProblems } from './wiring/option-problems.js';
import { resolveEventStore, type EventStoreOptions } from './event-store/event-store.options.js';
import {
  resolveProjections,
  type ProjectionsOptions,
  type ResolvedProjections,
} from './projections/projections.options.js';
import { resolveFailures, type FailureOptions, type ResolvedFailureOptions } from './wiring/failures.js';
import { resolveQueueing, type ResolvedQueueing } from './wiring/queueing.js';
import type { RouteRule } from './dispatcher/queued/placement.js';
import type { ResolvedEventStore } from './event-store/event-sourcing.js';
import type { MessageClass } from './message/message.js';
import type { RunMode } from './message/run-mode.js';
import type { NotificationOptions } from './notifications/notification.options.js';
import type { LoggingOptions } from './pipeline/behaviors/logging.behavior.js';
import {
  resolveIdempotency,
  type IdempotencyOptions,
  type ResolvedIdempotency,
} from './pipeline/idempotency/idempotency.options.js';
import { resolveSequence, type SequenceOptions } from './pipeline/sequence/sequence.options.js';
import { resolveNestEnhancers, type NestEnhancerOptions } from './pipeline/enhancers/enhancer-options.js';
import {
  resolveResilience,
  type ResilienceOptions,
  type ResolvedResilience,
} from './pipeline/resilience/resilience.options.js';
import type { RouterHooks } from './router/hooks.js';
import type { SourceEntry } from './router/sources/source.js';
import type { OutboxOptions } from './run-modes/outbox/outbox.options.js';
import type { ClaimCheckOptions } from './run-modes/claim-check/claim-check.options.js';
import type { QueueBackendFactory } from './run-modes/queue/queue-backend.port.js';
import type { QueueHealthOptions } from './run-modes/worker/queue-health.js';
import type { QueueRole, QueuesOptions } from './run-modes/worker/role.js';
import {
  resolveTransactions,
  type ResolvedTransactions,
  type TransactionsOptions,
} from './transactions/transactions.options.js';

/** The deepest nesting that can be asked for: values are walked by recursion. */
const MAX_DEPTH = 1000;

/** Options of `DispatchModule.forRoot()`; every one may be left out. */
export interface DispatchOptions extends FailureOptions {
  /** Where handlers run for which nothing else says it. Default `RunMode.Sync`. */
  readonly runMode?: RunMode;
  /** What stores the queues: `inMemoryQueue()`, or `bullmq()` and `bullmqPostgres()` of `nestjs-dispatch/bullmq`. */
  readonly queue?: QueueBackendFactory;
  /** Names and settings of the queues, and which of them this process works on. */
  readonly queues?: QueuesOptions;
  /** What this process does with queues. Default `'both'`; the environment variable `DISPATCH_ROLE` comes first. */
  readonly role?: QueueRole;
  /** Which messages go through which queue; the first rule that fits a message holds, and comes before its handler's decorator. */
  readonly routes?: readonly RouteRule[];
  /**
   * Message classes that no handler names, such as the subclasses of an event with a `polymorphic` handler: behind a queue,
   * and in an event store, their names must be known.
   */
  readonly messages?: readonly MessageClass[];
  /** When queues count as unhealthy. */
  readonly queueHealth?: QueueHealthOptions;
  /** When dead letters are too many. */
  readonly deadLetters?: DeadLettersOptions;
  /**
   * `'ambient'` (default): a service that a handler calls finds the handler's context by itself, so what it sends keeps
   * correlation and causation. It costs nothing until some handler, behavior or observer of the application can see a
   * context. `'explicit'`: only what is sent through the context, or with `{ context }`, keeps them, and every message is
   * cheaper, since Node's AsyncLocalStorage slows each promise of the process down.
   */
  readonly context?: 'ambient' | 'explicit';
  /**
   * How long a handler may take that does not say it itself, in milliseconds from its start. Default 0: no limit, since
   * in the caller's turn it is the caller who waits.
   */
  readonly timeoutMs?: number;
  /**
   * How long `app.close()` waits for running handlers, in milliseconds from its call; then their signals abort with a
   * `ShutdownError`. 0 aborts them at once. Callers who wait for a reply from a queue are waited for as well, where this
   * process works on none. Default 10 000.
   */
  readonly drainTimeoutMs?: number;
  /**
   * The largest foreign message that is looked at, and the largest message and result that goes through a queue, as JSON in
   * bytes; with `claimCheck` a message may be larger. Default 1 048 576.
   */
  readonly maxPayloadBytes?: number;
  /** The deepest nesting of a foreign message, and of what goes through a queue, from 1 to 1000. Default 64. */
  readonly maxDepth?: number;
  /** Logs every handled message, sensitive fields redacted. Default false. */
  readonly logging?: boolean | LoggingOptions;
  /**
   * Logs, at the level `debug`, where each message goes and why, and which rule decides about a failure. Observers of
   * `MessageRoutedNotification` and `FailureDecidedNotification` are told without it. Default false.
   */
  readonly decisionLog?: boolean;
  /** Which of Nest's guards, interceptors, pipes and exception filters stand around handlers, beside a handler's own. */
  readonly nestEnhancers?: NestEnhancerOptions;
  readonly notifications?: NotificationOptions;
  /** Where results of `@Idempotent` handlers and of `context.once()` are kept, and how long. Default: a day, in memory. */
  readonly idempotency?: IdempotencyOptions;
  /** Circuits by name, and what stands around every handler that says nothing itself. */
  readonly resilience?: ResilienceOptions;
  /** Where it is kept how far the streams of `@InSequence` handlers are. Default: in memory. */
  readonly sequence?: SequenceOptions;
  /** Keeps payloads that are too large for a queue elsewhere, as long as their messages may need them. Default: nowhere else. */
  readonly claimCheck?: ClaimCheckOptions;
  /** What runs transactions. Without it there are none. */
  readonly transactions?: TransactionsOptions;
  /**
   * Has messages that are sent in a transaction, and go to a queue, become part of it: they reach their queue after the commit, and
   * never where it is rolled back. `true` keeps them in memory, for `inMemoryTransactions()`. Default false.
   */
  readonly outbox?: boolean | OutboxOptions;
  /** Where events are stored. Without it there is no event store. */
  readonly eventStore?: EventStoreOptions;
  /** Where it is kept how far projections are, and how they are run. */
  readonly projections?: ProjectionsOptions;
  /** Sources made with `defineSource`, asked before those found as providers, in this order. */
  readonly sources?: readonly SourceEntry[];
  /** Hooks for the foreign messages of all sources, run before the source's own, in this order. */
  readonly hooks?: readonly RouterHooks[];
  /** Is told of every command executed through the `CommandBus`. */
  readonly commandPublisher?: ICommandPublisher;
  /** Is told of every query executed through the `QueryBus`. */
  readonly queryPublisher?: IQueryPublisher;
  /** Takes the events published through the `EventBus` elsewhere instead of to the handlers here. */
  readonly eventPublisher?: IEventPublisher;
  /** Takes the failures that no caller sees elsewhere instead of to the `UnhandledExceptionBus`. */
  readonly unhandledExceptionPublisher?: IUnhandledExceptionPublisher;
}

/** The token of the options as they were given. */
export const DISPATCH_OPTIONS = Symbol.for('nestjs-dispatch/options');

/** Stands for options that a factory did not make: without it they would count as left out. */
export class MissingOptions {
  constructor(readonly given: unknown) {}
}

/** The options with every default filled in. */
export interface ResolvedDispatchOptions {
  readonly isAmbient: boolean;
  readonly queueing: ResolvedQueueing;
  readonly failures: ResolvedFailureOptions;
  readonly timeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly maxPayloadBytes: number;
  readonly maxDepth: number;
  readonly logging: LoggingOptions | undefined;
  readonly isDecisionLogged: boolean;
  readonly nestEnhancers: Required<NestEnhancerOptions>;
  readonly notifications: NotificationOptions;
  readonly idempotency: ResolvedIdempotency;
  readonly resilience: ResolvedResilience;
  readonly sequence: Required<SequenceOptions>;
  readonly transactions: ResolvedTransactions;
  readonly eventStore: ResolvedEventStore;
  readonly projections: ResolvedProjections;
  readonly sources: readonly SourceEntry[];
  readonly hooks: readonly RouterHooks[];
  readonly commandPublisher: ICommandPublisher | undefined;
  readonly queryPublisher: IQueryPublisher | undefined;
  readonly eventPublisher: IEventPublisher | undefined;
  readonly unhandledExceptionPublisher: IUnhandledExceptionPublisher | undefined;
  /** What is wrong with the options given; told at bootstrap together with all other mistakes. */
  readonly mistakes: readonly WiringMistake[];
}

const KNOWN: Record<keyof DispatchOptions, true> = {
  runMode: true,
  queue: true,
  queues: true,
  role: true,
  routes: true,
  queueHealth: true,
  deadLetters: true,
  failures: true,
  failurePolicy: true,
  faults: true,
  messages: true,
  context: true,
  timeoutMs: true,
  drainTimeoutMs: true,
  maxPayloadBytes: true,
  maxDepth: true,
  logging: true,
  decisionLog: true,
  nestEnhancers: true,
  notifications: true,
  idempotency: true,
  resilience: true,
  sequence: true,
  claimCheck: true,
  transactions: true,
  outbox: true,
  eventStore: true,
  projections: true,
  sources: true,
  hooks: true,
  commandPublisher: true,
  queryPublisher: true,
  eventPublisher: true,
  unhandledExceptionPublisher: true,
};

/** Fills the defaults in and checks every option. A wrong value is listed as a mistake, and one that can be used stands in. */
export function resolveDispatchOptions(given: DispatchOptions | MissingOptions = {}): ResolvedDispatchOptions {
  const options: DispatchOptions = given instanceof MissingOptions ? {} : given;
  const problems = new OptionProblems();
  if (given instanceof MissingOptions) problems.missing(given.given);
  for (const name of Object.keys(options)) {
    if (!(name in KNOWN)) problems.add(name, `is unknown: the options are ${Object.keys(KNOWN).join(', ')}`);
  }
  const context = options.context ?? 'ambient';
  if (context !== 'ambient' && context !== 'explicit') {
    problems.add('context', `is ${JSON.stringify(context)}, not 'ambient' or 'explicit'`);
  }
  const resolved = {
    queueing: resolveQueueing(options, problems.mistakes),
    failures: resolveFailures(options, problems.mistakes),
    isAmbient: context !== 'explicit',
    timeoutMs: problems.milliseconds('timeoutMs', options.timeoutMs ?? 0),
    drainTimeoutMs: problems.milliseconds('drainTimeoutMs', options.drainTimeoutMs ?? 10_000),
    maxPayloadBytes: problems.count(
      'maxPayloadBytes',
      options.maxPayloadBytes ?? DEFAULT_CODEC_LIMITS.maxBytes,
      Infinity,
    ),
    maxDepth: problems.count('maxDepth', options.maxDepth ?? DEFAULT_CODEC_LIMITS.maxDepth, MAX_DEPTH),
    logging: problems.logging(options.logging ?? false),
    isDecisionLogged: problems.flag('decisionLog', options.decisionLog ?? false),
    nestEnhancers: resolveNestEnhancers(options.nestEnhancers, problems.mistakes),
    notifications: problems.notifications(options.notifications),
    idempotency: resolveIdempotency(options.idempotency, problems.mistakes),
    resilience: resolveResilience(options.resilience, problems.mistakes),
    sequence: resolveSequence(options.sequence, problems.mistakes),
    transactions: resolveTransactions(options.transactions, problems.mistakes),
    eventStore: problems.collect((found) => resolveEventStore(options.eventStore, found)),
    projections: resolveProjections(options.projections, problems.mistakes),
    sources: problems.list('sources', options.sources ?? []),
    hooks: problems.hooks(options.hooks ?? []),
    ...publishersOf(options, problems),
  };
  return Object.freeze({ ...resolved, mistakes: problems.mistakes });
}

function publishersOf(options: DispatchOptions, problems: OptionProblems) {
  return {
    commandPublisher: problems.publisher('commandPublisher', options.commandPublisher),
    queryPublisher: problems.publisher('queryPublisher', options.queryPublisher),
    eventPublisher: problems.publisher('eventPublisher', options.eventPublisher),
    unhandledExceptionPublisher: problems.publisher('unhandledExceptionPublisher', options.unhandledExceptionPublisher),
  };
}
