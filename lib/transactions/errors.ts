import { DispatchError } from '../common/dispatch-error.js';

/** A transaction was asked for, and the application has no scope for any. */
export class TransactionsNotConfiguredError extends DispatchError {
  override readonly code = 'DISPATCH_TRANSACTIONS_NOT_CONFIGURED';

  constructor() {
    super('There are no transactions: give DispatchModule.forRoot() the option "transactions".');
  }
}

/** The client of a transaction was asked for by work that is part of none. */
export class NoTransactionError extends DispatchError {
  override readonly code = 'DISPATCH_NO_TRANSACTION';

  constructor() {
    super(
      'There is no transaction here, or it is over: decorate the handler with @Transactional, or call Transactions#run(), and await all that belongs to it.',
    );
  }
}

/** Something was to be part of a transaction that has ended. */
export class TransactionOverError extends DispatchError {
  override readonly code = 'DISPATCH_TRANSACTION_OVER';

  constructor() {
    super(
      'The transaction is over: something was added to it after its work had ended. Await everything that belongs to it.',
    );
  }
}

/** The work of a transaction succeeded, after a part of it had failed that joined it: all of it was rolled back. */
export class TransactionDoomedError extends DispatchError {
  override readonly code = 'DISPATCH_TRANSACTION_DOOMED';

  constructor(options: ErrorOptions) {
    super(
      'The transaction was rolled back: work that had joined it failed, and what that had written cannot be undone alone. Let its error pass, or run that work outside of the transaction.',
      options,
    );
  }
}

/** The answer to a commit was lost: the transaction may have been committed, or rolled back. `cause` says what happened. */
export class CommitUncertainError extends DispatchError {
  override readonly code = 'DISPATCH_COMMIT_UNCERTAIN';

  constructor(options: ErrorOptions) {
    super(
      'The answer to a commit was lost, so whether the transaction was committed is not known: look at what it was to write, or make its work bear to be repeated, as a handler with an inbox does.',
      options,
    );
  }
}

/** Something was to run at the end of a transaction of which only its client is known. */
export class ForeignTransactionEndError extends DispatchError {
  override readonly code = 'DISPATCH_FOREIGN_TRANSACTION_END';

  constructor() {
    super(
      'Nothing can run at the end of this transaction: it was begun by other means than Transactions#run() or @Transactional of this package, so its end is not known. Begin it with one of these.',
    );
  }
}

/** A store in memory was given a transaction that is not one over things in memory. */
export class ForeignMemoryTransactionError extends DispatchError {
  override readonly code = 'DISPATCH_FOREIGN_MEMORY_TRANSACTION';

  constructor() {
    super(
      'A store in memory was used within a transaction that is not of inMemoryTransactions(): give DispatchModule.forRoot() a scope and stores that belong together.',
    );
  }
}

/** An inbox was given options it cannot work with; the text lists every one. */
export class InvalidInboxOptionsError extends DispatchError {
  override readonly code = 'DISPATCH_INVALID_INBOX_OPTIONS';

  constructor(
    /** Whose options, as `inMemoryInbox()`. */
    readonly subject: string,
    readonly problems: readonly string[],
  ) {
    super(`${subject} ${problems.join('; ')}.`);
  }
}
