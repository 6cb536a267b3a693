import { Inject, Injectable, type Provider } from '@nestjs/common';
import { Observable } from 'rxjs';

import { errorText, stackOf } from '../common/dispatch-error.js';
import { GuardedObservable } from '../message/observable/guarded-observable.js';
import {
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
} from './message-notifications.js';
import {
  DeadLetterDiscardedNotification,
  DeadLetterReplayedNotification,
  DeadLettersAlertNotification,
} from './dead-letters/dead-letter-notifications.js';
import { EventsNotPublishedNotification, SnapshotFailedNotification } from './event-store/event-store-notifications.js';
import {
  OutboxAlertNotification,
  OutboxErrorNotification,
  OutboxFailedNotification,
  OutboxRelayedNotification,
} from './outbox/outbox-notifications.js';
import { FailureDecidedNotification, MessageRoutedNotification } from './decisions/decision-notifications.js';
import { NotificationChannel } from './notification-channel.js';
import {
  DispatchNotification,
  NotificationsDroppedNotification,
  ObserverFailedNotification,
  type NotificationClass,
} from './notification.js';
import {
  ProjectionDropFailedNotification,
  ProjectionEventParkedNotification,
  ProjectionFailedNotification,
  ProjectionProgressNotification,
  ProjectionStartedNotification,
  ProjectionStoppedNotification,
  ProjectionSwitchedNotification,
} from './projections/projection-notifications.js';
import {
  MessageRefusedNotification,
  MessageSkippedNotification,
  ReplierFailedNotification,
} from './router-notifications.js';
import {
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
} from './task-notifications.js';
import {
  CircuitClosedNotification,
  CircuitHalfOpenedNotification,
  CircuitOpenedNotification,
} from './resilience/circuit-notifications.js';
import { SagaDiscardedNotification, SagaFailedNotification, SagaReactedNotification } from './saga-notifications.js';

/** Every class of notifications. */
export const NOTIFICATIONS: readonly NotificationClass[] = Object.freeze([
  MessageRoutedNotification,
  FailureDecidedNotification,
  CommandInitiatedNotification,
  CommandCompletedNotification,
  CommandFailedNotification,
  QueryInitiatedNotification,
  QueryCompletedNotification,
  QueryFailedNotification,
  EventPublishedNotification,
  EventHandledNotification,
  EventHandlingFailedNotification,
  MessageDuplicateNotification,
  MessageOutOfSequenceNotification,
  MessageUnhandledNotification,
  MessageSkippedNotification,
  MessageRefusedNotification,
  ReplierFailedNotification,
  SagaReactedNotification,
  SagaDiscardedNotification,
  SagaFailedNotification,
  CircuitOpenedNotification,
  CircuitHalfOpenedNotification,
  CircuitClosedNotification,
  EventsNotPublishedNotification,
  SnapshotFailedNotification,
  ProjectionStartedNotification,
  ProjectionProgressNotification,
  ProjectionFailedNotification,
  ProjectionStoppedNotification,
  ProjectionEventParkedNotification,
  ProjectionSwitchedNotification,
  ProjectionDropFailedNotification,
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
  OutboxRelayedNotification,
  OutboxFailedNotification,
  OutboxAlertNotification,
  OutboxErrorNotification,
  DeadLetterReplayedNotification,
  DeadLetterDiscardedNotification,
  DeadLettersAlertNotification,
  ObserverFailedNotification,
  NotificationsDroppedNotification,
]);

/**
 * All notifications of the application, as a stream. They are made only while somebody is subscribed, and delivered
 * after the turn they were published in. A subscriber that throws is logged and stays subscribed; it misses nothing
 * but is not given the same notification again, as an `@OnNotification` method is. Completes when the application
 * has closed.
 */
@Injectable()
export class Notifications extends GuardedObservable<DispatchNotification> {
  constructor(private readonly channel: NotificationChannel) {
    super(streamOf(channel, DispatchNotification), reportTo(channel, DispatchNotification));
  }

  /** How many notifications were lost so far because observers could not keep up. */
  get droppedCount(): number {
    return this.channel.droppedCount;
  }

  /**
   * The notifications of one class, or of those that extend it. Cheaper than filtering all: the others are not even
   * made unless somebody else is subscribed to them.
   */
  ofType<N extends DispatchNotification>(type: NotificationClass<N>): Observable<N> {
    return new GuardedObservable(streamOf(this.channel, type), reportTo(this.channel, type));
  }
}

/** The token under which the stream of a class of notifications is provided. */
export function notificationsToken(type: NotificationClass): string {
  return `nestjs-dispatch/notifications/${type.name}`;
}

/**
 * Injects the stream of a class of notifications.
 *
 * @example
 * ```ts
 * constructor(@InjectNotifications(CommandFailedNotification) failed$: Observable<CommandFailedNotification>) {}
 * ```
 */
export function InjectNotifications(type: NotificationClass): ParameterDecorator & PropertyDecorator {
  return Inject(notificationsToken(type));
}

/** What {@link notificationProviders} provides, for the exports of a module. */
export function notificationTokens(): (string | typeof Notifications)[] {
  return [Notifications, ...[DispatchNotification, ...NOTIFICATIONS].map(notificationsToken)];
}

/** Provides `Notifications` and the stream of each class. They need a `NotificationChannel` beside them. */
export function notificationProviders(): Provider[] {
  const streams = [DispatchNotification, ...NOTIFICATIONS].map((type) => ({
    provide: notificationsToken(type),
    inject: [Notifications],
    useFactory: (notifications: Notifications) => notifications.ofType(type),
  }));
  return [Notifications, ...streams];
}

function streamOf<N extends DispatchNotification>(channel: NotificationChannel, type: NotificationClass<N>) {
  return new Observable<N>((subscriber) =>
    channel.listen({
      types: [type],
      // The channel gives a listener what is of its types only.
      next: (notification) => subscriber.next(notification as N),
      complete: () => subscriber.complete(),
    }),
  );
}

function reportTo({ log }: NotificationChannel, type: NotificationClass): (error: unknown) => void {
  return (error) => {
    log.error(`A subscriber of ${type.name} failed and stays subscribed: ${errorText(error)}`, stackOf(error));
  };
}
