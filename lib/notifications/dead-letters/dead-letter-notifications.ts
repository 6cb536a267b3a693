import { DispatchNotification } from '../notification.js';

/** What is known of a dead letter that somebody did something to. */
export interface DeadLetterNotificationFacts {
  readonly letterId: string;
  readonly queue: string;
  readonly place: 'failed' | 'unreadable' | 'unhandled' | 'invalid';
  /** Undefined for what is no message of this package. */
  readonly messageName: string | undefined;
  readonly messageId: string | undefined;
}

/** Somebody did something to a dead letter. */
export abstract class DeadLetterNotification extends DispatchNotification implements DeadLetterNotificationFacts {
  readonly letterId: string;
  readonly queue: string;
  readonly place: DeadLetterNotificationFacts['place'];
  readonly messageName: string | undefined;
  readonly messageId: string | undefined;

  constructor({ letterId, queue, place, messageName, messageId }: DeadLetterNotificationFacts) {
    super();
    this.letterId = letterId;
    this.queue = queue;
    this.place = place;
    this.messageName = messageName;
    this.messageId = messageId;
  }
}

/** A dead letter is in its queue again. */
export class DeadLetterReplayedNotification extends DeadLetterNotification {
  constructor(
    letter: DeadLetterNotificationFacts,
    /** Whether its headers or its payload were changed. */
    readonly isEdited: boolean,
  ) {
    super(letter);
  }
}

/** A dead letter was removed for good. */
export class DeadLetterDiscardedNotification extends DeadLetterNotification {
  constructor(
    letter: DeadLetterNotificationFacts,
    /** As whoever discarded it gave it; of one that a store keeps no longer, which bound that was. */
    readonly reason: string,
  ) {
    super(letter);
  }
}

/** A queue holds more dead letters than it should; told once, and again only after there were fewer in between. */
export class DeadLettersAlertNotification extends DispatchNotification {
  constructor(
    readonly queue: string,
    readonly count: number,
    /** What the count may be. */
    readonly limit: number,
  ) {
    super();
  }
}
