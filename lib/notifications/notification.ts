/**
 * A lifecycle fact for observers. It refers to the message, context and error it is about and copies nothing, so an
 * observer must not change what it finds there.
 */
export abstract class DispatchNotification {
  /** When it happened. */
  readonly at: Date = new Date();
}

/** A class of notifications. A base class stands for all that extend it; `DispatchNotification` for every one. */
export type NotificationClass<N extends DispatchNotification = DispatchNotification> = abstract new (
  ...args: never[]
) => N;

/** An observer method failed for the last time; the notification it failed for is not offered to it again. */
export class ObserverFailedNotification extends DispatchNotification {
  constructor(
    /** Class and method, as `Audit#onCompleted`. */
    readonly observer: string,
    readonly notification: DispatchNotification,
    readonly error: unknown,
    /** How often the method was tried with it. */
    readonly attemptCount: number,
  ) {
    super();
  }
}

/** Notifications were lost because observers could not keep up. */
export class NotificationsDroppedNotification extends DispatchNotification {
  constructor(
    /** How many, since the last such notification from the same place. */
    readonly count: number,
    /** The observer method whose own queue was full; undefined where the channel was. */
    readonly observer: string | undefined,
  ) {
    super();
  }
}
