import { DispatchNotification } from '../notification.js';
import { TaskNotification, type TaskFacts } from '../task-notifications.js';

/** A message that was sent in a transaction is in its queue now. */
export class OutboxRelayedNotification extends TaskNotification {
  constructor(
    facts: TaskFacts,
    /** How long it was on its way, in milliseconds from when it was added to the outbox. */
    readonly waitedMs: number,
  ) {
    super(facts);
  }
}

/** A message that was sent in a transaction was refused by its queue as often as it may, and is set aside. */
export class OutboxFailedNotification extends TaskNotification {
  constructor(
    facts: TaskFacts,
    /** What the outbox knows it by, for `Outbox#retry`. */
    readonly outboxId: string,
    readonly attempts: number,
    readonly error: unknown,
  ) {
    super(facts);
  }
}

/** The outbox is outside its limits: too many messages wait, one waits too long, or too many are set aside. */
export class OutboxAlertNotification extends DispatchNotification {
  constructor(
    readonly reason: 'waiting' | 'oldest' | 'failed',
    /** Messages, or milliseconds for `oldest`. */
    readonly value: number,
    readonly limit: number,
  ) {
    super();
  }
}

/** The outbox, or the queues behind it, could not be reached; the relay goes on trying. */
export class OutboxErrorNotification extends DispatchNotification {
  constructor(readonly error: unknown) {
    super();
  }
}
