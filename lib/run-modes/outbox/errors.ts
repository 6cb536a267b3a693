import { DispatchError } from '../../common/dispatch-error.js';

/** The outbox was asked for, and the application has none. */
export class OutboxNotConfiguredError extends DispatchError {
  readonly code = 'DISPATCH_OUTBOX_NOT_CONFIGURED';

  constructor() {
    super('There is no outbox: give DispatchModule.forRoot() the option "outbox".');
  }
}

/** A caller wanted to wait, inside its transaction, for a message that is sent once that has committed. */
export class OutboxReplyError extends DispatchError {
  readonly code = 'DISPATCH_OUTBOX_REPLY';

  constructor(readonly messageName: string) {
    super(
      `"${messageName}" was not sent: it goes through the outbox, so it is handled after the transaction has committed, and its caller waits for it inside. Use send() or publish(), wait after the transaction, or set "outbox: false" on its route.`,
    );
  }
}

/** In strict mode a handler sent a message outside of a transaction. */
export class OutsideTransactionError extends DispatchError {
  readonly code = 'DISPATCH_OUTSIDE_TRANSACTION';

  constructor(
    readonly messageName: string,
    /** The name of the handler that sent it. */
    readonly handlerName: string,
  ) {
    super(
      `"${messageName}" was not sent: ${handlerName} sends it outside of a transaction, and the outbox is strict. Send it inside, as in transactions.run(), await it there, or set "outbox: false" on its route.`,
    );
  }
}

/** The outbox cannot write in the transaction that is under way: they are not of the same store. */
export class OutboxTransactionError extends DispatchError {
  readonly code = 'DISPATCH_OUTBOX_TRANSACTION';

  constructor() {
    super(
      'The outbox in memory cannot write in this transaction, which is none of inMemoryTransactions(): give "outbox" the store that belongs to "transactions", such as postgresOutbox() of nestjs-dispatch/postgres.',
    );
  }
}

/** An outbox in memory has no room for what a transaction sends, which is rolled back. */
export class OutboxFullError extends DispatchError {
  readonly code = 'DISPATCH_OUTBOX_FULL';

  constructor(readonly maxMessages: number) {
    super(
      `The outbox has ${maxMessages} messages and takes no more: do the queues answer? Else raise "maxMessages" of inMemoryOutbox().`,
    );
  }
}
