// Messages
export { Command, Event, Query } from './message/message.js';
export type {
  CommandResult,
  ICommand,
  IEvent,
  IQuery,
  IQueryResult,
  MessageClass,
  MessageKind,
  PlainMessage,
  QueryResult,
} from './message/message.js';
export { Message, Sensitive, type MessageDefinition, type MessageOptions } from './message/message.decorator.js';
export type { Envelope, EnvelopeOptions, MessagePriority } from './message/envelope.js';
export type { MessageHeaders } from './message/headers.js';
export { MessageContext } from './message/message-context.js';
export type {
  DeliveryFacts,
  HandlerContext,
  HandlerFacts,
  MessageSender,
  PublishOptions,
  SendOptions,
} from './message/message-context.js';
export { AmbientContext } from './message/ambient-context.js';
export { AsyncContext } from './message/async-context.js';
export { RunMode } from './message/run-mode.js';
export type { CancelOutcome, Receipt, ReceiptStatus, ResultOptions } from './message/receipt.js';
export { decodeJson, encodeJson, type CodecLimits } from './message/codec/json-codec.js';

// Module
export { DispatchModule } from './dispatch.module.js';
export { CqrsModule } from './cqrs.module.js';
export type { CqrsModuleAsyncOptions, CqrsModuleOptions, CqrsModuleOptionsFactory } from './cqrs.module.js';
export type { DispatchAsyncOptions, DispatchOptions, DispatchOptionsFactory } from './dispatch.options.js';

// Dispatcher and buses
export { Dispatcher } from './dispatcher/dispatcher.js';
export type {
  KeyHandler,
  KeyHandlerContext,
  ProcessResult,
  RawMessage,
  TransportMeta,
} from './dispatcher/raw-intake.js';
export { CommandBus } from './buses/command-bus.js';
export { QueryBus } from './buses/query-bus.js';
export { EventBus } from './buses/event-bus.js';
export type { ICommandBus, IEventBus, IQueryBus } from './buses/bus-contracts.js';
export type { ICommandPublisher, IEventPublisher, IMessageSource, IQueryPublisher } from './buses/publishers.js';
export { ObservableBus } from './message/observable/observable-bus.js';

// Handlers
export { CommandHandler, EventsHandler, QueryHandler } from './handlers/handler.decorators.js';
export type { EventsHandlerOptions, HandlerOptions } from './handlers/handler.decorators.js';
export type { ICommandHandler, IEventHandler, IQueryHandler, OnFailed } from './handlers/handler-contracts.js';

// Pipeline
export { AfterHandle, BeforeHandle, Behavior, SkipBehavior, UseBehaviors } from './pipeline/behavior.decorators.js';
export type { BehaviorClass, BehaviorOptions } from './pipeline/behavior.decorators.js';
export type { Next, PipelineBehavior } from './pipeline/behavior.js';
export { DispatchExecutionContext, type DispatchContextType } from './pipeline/enhancers/dispatch-execution-context.js';
export type { NestEnhancerOptions } from './pipeline/enhancers/enhancer-options.js';
export { LoggingBehavior, type LoggingOptions } from './pipeline/behaviors/logging.behavior.js';
export { TimeoutBehavior } from './pipeline/behaviors/timeout.behavior.js';
export { ValidationBehavior } from './pipeline/behaviors/validation.behavior.js';

// Idempotency
export { Idempotent, type IdempotentOptions } from './pipeline/idempotency/idempotent.decorator.js';
export { IdempotencyBehavior } from './pipeline/idempotency/idempotency.behavior.js';
export type { IdempotencyOptions, IdempotencyTimes } from './pipeline/idempotency/idempotency.options.js';
export { memoryIdempotency, type MemoryIdempotencyOptions } from './pipeline/idempotency/memory-idempotency-store.js';
export type {
  ClaimResult,
  IdempotencyClaim,
  IdempotencyStore,
  ReleasedFailure,
} from './pipeline/idempotency/idempotency-store.port.js';
export {
  IdempotencyLockLostError,
  IdempotencyTimeoutError,
  IdempotencyUnavailableError,
  InvalidIdempotencyKeyError,
  InvalidIdempotencyOptionsError,
  SharedFailureError,
} from './pipeline/idempotency/errors.js';
export type { IdempotentCallFacts, KeptError } from './pipeline/idempotency/errors.js';

// Resilience
export type { ResilienceOptions } from './pipeline/resilience/resilience.options.js';
export { CircuitBreaker } from './pipeline/resilience/circuit-breaker/circuit-breaker.decorator.js';
export type { CircuitBreakerOptions } from './pipeline/resilience/circuit-breaker/circuit-breaker.decorator.js';
export { CircuitBreakerBehavior } from './pipeline/resilience/circuit-breaker/circuit-breaker.behavior.js';
export { CircuitBreakers } from './pipeline/resilience/circuit-breaker/circuit-breakers.js';
export type { CircuitSettings } from './pipeline/resilience/circuit-breaker/circuit-breaker.options.js';
export type { CircuitState } from './pipeline/resilience/circuit-breaker/circuit.js';
export { RateLimit, type RateLimitOptions } from './pipeline/resilience/rate-limit/rate-limit.decorator.js';
export { RateLimitBehavior } from './pipeline/resilience/rate-limit/rate-limit.behavior.js';
export { memoryRateLimits } from './pipeline/resilience/rate-limit/memory-rate-limits.js';
export type { MemoryRateLimitsOptions } from './pipeline/resilience/rate-limit/memory-rate-limits.js';
export type { RateLimitClaim, RateLimitStore } from './pipeline/resilience/rate-limit/rate-limit-store.port.js';
export { InvalidRateLimitKeyError, RateLimitExceededError } from './pipeline/resilience/rate-limit/errors.js';
export { InvalidRateLimitOptionsError, RateLimitUnavailableError } from './pipeline/resilience/rate-limit/errors.js';
export { Bulkhead, type BulkheadOptions } from './pipeline/resilience/bulkhead/bulkhead.decorator.js';
export { BulkheadBehavior } from './pipeline/resilience/bulkhead/bulkhead.behavior.js';
export { BulkheadFullError } from './pipeline/resilience/bulkhead/errors.js';
export { CircuitOpenError, UnknownCircuitError } from './pipeline/resilience/circuit-breaker/errors.js';

// Router
export { Source } from './router/sources/source.decorator.js';
export { defineSource } from './router/sources/source.js';
export type {
  DefinedSource,
  MessageSource,
  Replier,
  RoutedMessage,
  SourceDefinition,
  SourceEntry,
  SourceOptions,
} from './router/sources/source.js';
export { and, fieldEquals, fieldMatches, hasFields, header, not, or } from './router/sources/discriminators.js';
export type { Discriminator, DiscriminatorFunction, FieldValue } from './router/sources/discriminators.js';
export { jsonInspector, type Inspector } from './router/sources/inspector.js';
export { viewOf, type View } from './router/sources/view.js';
export { hmacSignature } from './router/signatures.js';
export type { HmacSignatureOptions, SignatureCheck, SignatureSecret, SignedTimestamp } from './router/signatures.js';
export type { RouteContext, RouterHooks, SourceHooks } from './router/hooks.js';
export { DispatchExceptionFilter, type DispatchErrorBody } from './router/http-exception.filter.js';

// Events and sagas
export { AggregateRoot, type ApplyOptions, type IAggregateRoot } from './events/aggregate-root.js';
export { EventPublisher } from './events/event-publisher.js';
export { ofType } from './events/of-type.js';
export { Saga, type ISaga, type SagaOutput } from './sagas/saga.decorator.js';

// Queues
export { inMemoryQueue } from './run-modes/memory/in-memory-queue.js';
export type { InMemoryQueueOptions } from './run-modes/memory/in-memory-queue.options.js';
export type { QueueFullMode } from './run-modes/memory/room.js';
export { Queues, type DrainOptions } from './run-modes/queue/queues.js';
export { QueueHealth, type QueueHealthOptions, type QueueReport } from './run-modes/worker/queue-health.js';
export type { QueueRole, QueuesOptions } from './run-modes/worker/role.js';
export type { RouteRule } from './dispatcher/queued/placement.js';
export { Explanation, type HandlerExplanation } from './dispatcher/queued/explanation.js';
export type { ScheduleOptions } from './dispatcher/queued/queue-operations.js';
export type { Duration } from './common/duration.js';
export { UNKNOWN_ENTRY } from './run-modes/queue/queue-backend.port.js';
export type { BackendEvent, BackendHost, CancelResult, Delivery } from './run-modes/queue/queue-backend.port.js';
export type { DeliveryHandler, EnqueueResult, EntryOutcome } from './run-modes/queue/queue-backend.port.js';
export type { EntrySnapshot, EntryState, JsonValue, ListedEntry } from './run-modes/queue/queue-backend.port.js';
export type { ParkedChanges, ParkedEntries, ParkedEntry } from './run-modes/queue/queue-backend.port.js';
export type { ParkedPageRequest, ParkedSpot, ParkingPlace } from './run-modes/queue/queue-backend.port.js';
export type { QueueBackend, QueueBackendFactory, QueueConsumer } from './run-modes/queue/queue-backend.port.js';
export type { QueueCounts, QueueEntry, QueueFeature, QueueSchedule } from './run-modes/queue/queue-backend.port.js';
export type { ScheduleState, Settlement, WireError, WireErrorDetails } from './run-modes/queue/queue-backend.port.js';
export { scheduleRhythm } from './run-modes/schedule-rhythm.js';
export type { ScheduleRhythm } from './run-modes/schedule-rhythm.js';
export { resolveQueueSettings } from './run-modes/queue/queue-settings.js';
export type { QueueOptions, QueueRateLimit, QueueSettings, Retention } from './run-modes/queue/queue-settings.js';

// Failures
export { OnError, type OnErrorOptions } from './failures/policy/on-error.decorator.js';
export { deadLetter, discard, failureRulesFrom, requeue, retry, schedule } from './failures/policy/rules.js';
export type { DefineFailures, On } from './failures/policy/rules.js';
export type {
  ClosedSteps,
  FailureRule,
  FailureSteps,
  OpenSteps,
  StepVerbs,
  ThenVerbs,
} from './failures/policy/verbs.js';
export type { ErrorClass, ErrorKind, ErrorMatcher, ErrorOf } from './failures/policy/error-matcher.js';
export type {
  Failure,
  FailureAction,
  FailurePolicy,
  FailurePolicyFunction,
  Jitter,
} from './failures/policy/failure.js';
export { compileFailurePolicy } from './failures/policy/compile-policy.js';
export type { CompiledFailurePolicy, FailurePolicyParts } from './failures/policy/compile-policy.js';
export { defaultFailurePolicy } from './failures/policy/built-in.js';
export type { DefaultFailurePolicyOptions, DescribedFailurePolicy } from './failures/policy/built-in.js';
export { FailurePolicyError, InvalidFailureRuleError } from './failures/policy/errors.js';
export { RetryLaterError, UnrecoverableError } from './failures/policy/errors.js';
export { Fault, type FaultError } from './failures/fault.js';
export type { FailureOptions } from './dispatch.failures.js';
export { DeadLetters } from './failures/dead-letters/dead-letters.js';
export type { DiscardReport, ReplayReport } from './failures/dead-letters/dead-letters.js';
export type { DeadLetter, DeadLetterError, DeadLetterGroup } from './failures/dead-letters/dead-letter.js';
export type { DeadLetterMessage, DeadLetterPage, DeadLetterPlace } from './failures/dead-letters/dead-letter.js';
export type { DeadLetterFilter } from './failures/dead-letters/dead-letter-filter.js';
export type { DeadLetterEdit } from './failures/dead-letters/dead-letter-source.port.js';
export type { DeadLetterFailure } from './failures/dead-letters/letter-batch.js';
export type { DeadLetterPaging, DiscardOptions, PurgeOptions, ReplayOptions } from './failures/dead-letters/queries.js';
export { DeadLetterGoneError, DeadLetterNotReplayableError } from './failures/dead-letters/errors.js';
export { InvalidDeadLetterQueryError } from './failures/dead-letters/errors.js';
export { UnhandledExceptionBus } from './failures/unhandled-exception-bus.js';
export type { IUnhandledExceptionPublisher, UnhandledExceptionInfo } from './failures/unhandled-exception-bus.js';

// Notifications
export { InjectNotifications, Notifications } from './notifications/notifications.js';
export { OnNotification } from './notifications/on-notification.decorator.js';
export type { NotificationOptions } from './notifications/notification.options.js';
export {
  DispatchNotification,
  NotificationsDroppedNotification,
  ObserverFailedNotification,
} from './notifications/notification.js';
export type { NotificationClass } from './notifications/notification.js';
export { CommandCompletedNotification, CommandFailedNotification } from './notifications/message-notifications.js';
export { CommandInitiatedNotification, EventHandledNotification } from './notifications/message-notifications.js';
export { EventHandlingFailedNotification, EventPublishedNotification } from './notifications/message-notifications.js';
export { MessageUnhandledNotification, QueryCompletedNotification } from './notifications/message-notifications.js';
export { QueryFailedNotification, QueryInitiatedNotification } from './notifications/message-notifications.js';
export {
  QueueAlertNotification,
  QueueDrainedNotification,
  QueueErrorNotification,
  QueuePausedNotification,
  QueueResumedNotification,
  TaskCompletedNotification,
  TaskEnqueuedNotification,
  TaskDiscardedNotification,
  TaskFailedNotification,
  TaskPostponedNotification,
  TaskRejectedNotification,
  TaskRetriedNotification,
  TaskStalledNotification,
  TaskStartedNotification,
} from './notifications/task-notifications.js';
export { DeadLetterDiscardedNotification } from './notifications/dead-letters/dead-letter-notifications.js';
export { DeadLetterReplayedNotification } from './notifications/dead-letters/dead-letter-notifications.js';
export { DeadLettersAlertNotification } from './notifications/dead-letters/dead-letter-notifications.js';
export type { DeadLetterNotificationFacts } from './notifications/dead-letters/dead-letter-notifications.js';
export {
  MessageRefusedNotification,
  MessageSkippedNotification,
  ReplierFailedNotification,
} from './notifications/router-notifications.js';
export {
  CircuitClosedNotification,
  CircuitHalfOpenedNotification,
  CircuitOpenedNotification,
} from './notifications/resilience/circuit-notifications.js';
export type { CircuitOpening } from './notifications/resilience/circuit-notifications.js';
export { SagaFailedNotification, SagaReactedNotification } from './notifications/saga-notifications.js';

// Errors
export { DispatchError, isDispatchError } from './common/dispatch-error.js';
export {
  InvalidMessageError,
  MessageTooLargeError,
  UnreadableMessageError,
  UnserializableMessageError,
} from './message/errors.js';
export type { Violation } from './message/errors.js';
export {
  CommandHandlerNotFoundException,
  HandlerNotFoundError,
  QueryHandlerNotFoundException,
  WiringError,
} from './handlers/errors.js';
export type { WiringMistake } from './handlers/errors.js';
export { NextCalledTwiceError } from './pipeline/behavior.js';
export { HandlerTimeoutError } from './pipeline/behaviors/timeout.behavior.js';
export { DispatchClosedError, QueueNotConfiguredError, ShutdownError } from './run-modes/errors.js';
export { EventHandlerFailedError, EventHandlingError, InvalidSendOptionsError } from './dispatcher/errors.js';
export { AggregateNotConnectedError } from './events/errors.js';
export { InvalidSagaError, InvalidSagaOutputError } from './sagas/errors.js';
export { InvalidNotificationOptionsError, ObserverScopeError } from './notifications/errors.js';
export {
  BadSignatureError,
  DuplicateKeyError,
  HandlerFailedError,
  HookFailedError,
  InvalidRawMessageError,
  NoHandlerError,
  NoSourceError,
  SourceSetupError,
  UnreadableRawMessageError,
  UnverifiableMessageError,
} from './router/errors.js';
export type { BadSignatureReason, RouteFacts } from './router/errors.js';
export {
  AttemptsExhaustedError,
  CancelledError,
  InvalidQueueOptionsError,
  InvalidScheduleError,
  LockLostError,
  ParkedEntryBusyError,
  QueueClosedError,
  QueueFullError,
  QueueUnavailableError,
  RemoteError,
  ReplyAbandonedError,
  ReplyTimeoutError,
  ResultUnknownError,
  UnhandledEntryError,
  UnreadableEntryError,
} from './run-modes/queue/errors.js';
