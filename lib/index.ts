/** The public surface of the core: messages, handlers, doors and the module here, the rest in one part for each subject. */

export * from './exports/queueing.js';
export * from './exports/failures.js';
export * from './exports/pipeline.js';
export * from './exports/router.js';
export * from './exports/notifications.js';
export * from './exports/events.js';
export * from './exports/event-store.js';
export * from './exports/projections.js';
export * from './exports/transactions.js';

export {
  Command,
  Event,
  Query,
  type CommandResult,
  type ICommand,
  type IEvent,
  type IQuery,
  type IQueryResult,
  type MessageClass,
  type MessageKind,
  type PlainMessage,
  type QueryResult,
} from './message/message.js';
export { Message, Sensitive, type MessageDefinition, type MessageOptions } from './message/message.decorator.js';
export type { Envelope, EnvelopeOptions, MessagePriority } from './message/envelope.js';
export type { MessageHeaders } from './message/headers.js';
export {
  MessageContext,
  type DeliveryFacts,
  type HandlerContext,
  type HandlerFacts,
  type MessageSender,
  type PublishOptions,
  type SendOptions,
} from './message/message-context.js';
export { AmbientContext } from './message/ambient-context.js';
export { AsyncContext } from './message/async-context.js';
export { RunMode } from './message/run-mode.js';
export type { CancelOutcome, Receipt, ReceiptStatus, ResultOptions } from './message/receipt.js';
export { decodeJson, encodeJson, type CodecLimits } from './message/codec/json-codec.js';
export { DispatchModule } from './dispatch.module.js';
export {
  CqrsModule,
  type CqrsModuleAsyncOptions,
  type CqrsModuleOptions,
  type CqrsModuleOptionsFactory,
} from './cqrs.module.js';
export type { DispatchOptions } from './dispatch.options.js';
export type { DispatchAsyncOptions, DispatchOptionsFactory } from './wiring/async-options.js';
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
export {
  CommandHandler,
  EventsHandler,
  QueryHandler,
  type EventPhase,
  type EventsHandlerOptions,
  type HandlerOptions,
} from './handlers/handler.decorators.js';
export type { ICommandHandler, IEventHandler, IQueryHandler, OnFailed } from './handlers/handler-contracts.js';
export type { FailureOptions } from './wiring/failures.js';
export { DispatchError, isDispatchError } from './common/dispatch-error.js';
export {
  InvalidMessageError,
  MessageTooLargeError,
  UnreadableMessageError,
  UnserializableMessageError,
  type Violation,
} from './message/errors.js';
export {
  CommandHandlerNotFoundException,
  HandlerNotFoundError,
  QueryHandlerNotFoundException,
  WiringError,
  type WiringMistake,
} from './handlers/errors.js';
export { EventHandlerFailedError, EventHandlingError, InvalidSendOptionsError } from './dispatcher/errors.js';
export { DeadLettersHttpModule } from './operations/http/dead-letters-http.module.js';
export type { DeadLettersHttpAsyncOptions, DeadLettersHttpOptions } from './operations/http/http.options.js';
