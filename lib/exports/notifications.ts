/** What observers are told. Part of the public surface, `lib/index.ts`. */

export {
  DeadLetterDiscardedNotification,
  DeadLetterReplayedNotification,
  DeadLettersAlertNotification,
  type DeadLetterNotificationFacts,
} from '../notifications/dead-letters/dead-letter-notifications.js';
export {
  FailureDecidedNotification,
  MessageRoutedNotification,
  type DecidedAction,
  type MessageRouting,
} from '../notifications/decisions/decision-notifications.js';
export { InvalidNotificationOptionsError, ObserverScopeError } from '../notifications/errors.js';
export {
  EventsNotPublishedNotification,
  SnapshotFailedNotification,
} from '../notifications/event-store/event-store-notifications.js';
export {
  CommandCompletedNotification,
  CommandFailedNotification,
  CommandInitiatedNotification,
  EventHandledNotification,
  EventHandlingFailedNotification,
  EventPublishedNotification,
  MessageDuplicateNotification,
  MessageOutOfSequenceNotification,
  MessageUnhandledNotification,
  QueryCompletedNotification,
  QueryFailedNotification,
  QueryInitiatedNotification,
} from '../notifications/message-notifications.js';
export {
  DispatchNotification,
  NotificationsDroppedNotification,
  ObserverFailedNotification,
  type NotificationClass,
} from '../notifications/notification.js';
export type { NotificationOptions } from '../notifications/notification.options.js';
export { InjectNotifications, Notifications } from '../notifications/notifications.js';
export {
  OutboxAlertNotification,
  OutboxErrorNotification,
  OutboxFailedNotification,
  OutboxRelayedNotification,
} from '../notifications/outbox/outbox-notifications.js';
export { OnNotification } from '../notifications/on-notification.decorator.js';
export {
  CircuitClosedNotification,
  CircuitHalfOpenedNotification,
  CircuitOpenedNotification,
  type CircuitOpening,
} from '../notifications/resilience/circuit-notifications.js';
export {
  ProjectionDropFailedNotification,
  ProjectionEventParkedNotification,
  ProjectionFailedNotification,
  ProjectionProgressNotification,
  ProjectionStartedNotification,
  ProjectionStoppedNotification,
  ProjectionSwitchedNotification,
  type ProjectedEventFacts,
} from '../notifications/projections/projection-notifications.js';
export {
  MessageRefusedNotification,
  MessageSkippedNotification,
  ReplierFailedNotification,
} from '../notifications/router-notifications.js';
export {
  SagaDiscardedNotification,
  SagaFailedNotification,
  SagaReactedNotification,
} from '../notifications/saga-notifications.js';
export {
  QueueAlertNotification,
  QueueDrainedNotification,
  QueueErrorNotification,
  QueuePausedNotification,
  QueueResumedNotification,
  TaskCompletedNotification,
  TaskDiscardedNotification,
  TaskEnqueuedNotification,
  TaskFailedNotification,
  TaskPostponedNotification,
  TaskRejectedNotification,
  TaskRetriedNotification,
  TaskStalledNotification,
  TaskStartedNotification,
} from '../notifications/task-notifications.js';
