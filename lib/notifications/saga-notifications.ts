import { DispatchNotification } from './notification.js';

/** A saga answered an event with commands, which are about to be sent. */
export class SagaReactedNotification extends DispatchNotification {
  constructor(
    /** Class and method of the saga, as `OrderSaga#onPlaced`. */
    readonly saga: string,
    /** The event it reacted to; undefined where it reacted to no single one, as after a timer. */
    readonly event: object | undefined,
    readonly commands: readonly object[],
  ) {
    super();
  }
}

/** A saga threw, or one of its commands failed. It keeps reacting to later events. */
export class SagaFailedNotification extends DispatchNotification {
  constructor(
    /** Class and method of the saga, as `OrderSaga#onPlaced`. */
    readonly saga: string,
    /** The event it reacted to; undefined where it reacted to no single one, as after a timer. */
    readonly event: object | undefined,
    readonly error: unknown,
  ) {
    super();
  }
}

/** A failure of a saga, or of a command that it sent, was dropped: a failure rule says so. It is not reported otherwise. */
export class SagaDiscardedNotification extends DispatchNotification {
  constructor(
    /** Class and method of the saga, as `OrderSaga#onPlaced`. */
    readonly saga: string,
    /** The event it reacted to; undefined where it reacted to no single one, as after a timer. */
    readonly event: object | undefined,
    /** The command that failed; undefined where the saga itself threw. */
    readonly command: object | undefined,
    readonly error: unknown,
    /** Why, as the rule says. */
    readonly reason: string,
  ) {
    super();
  }
}
