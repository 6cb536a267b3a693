import { DispatchError } from '../common/dispatch-error.js';

/** A transaction was asked for, and the application has no scope for any. */
export class TransactionsNotConfiguredError extends DispatchError {
  override readonly code = 'DISPATCH_TRANSACTIONS_NOT_CONFIGURED';

  constructor() {
    super('There are no transactions: give DispatchModule.forRoot() the option "transactions".');
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
