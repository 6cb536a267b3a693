/** Transactions. Part of the public surface, `lib/index.ts`. */

export {
  CommitUncertainError,
  ForeignMemoryTransactionError,
  ForeignTransactionEndError,
  InvalidInboxOptionsError,
  NoTransactionError,
  TransactionDoomedError,
  TransactionOverError,
  TransactionsNotConfiguredError,
} from '../transactions/errors.js';
export {
  inMemoryTransactions,
  MemoryTransaction,
  type MemoryChange,
} from '../transactions/memory/in-memory-transactions.js';
export { inMemoryInbox, type InMemoryInboxOptions } from '../transactions/inbox/in-memory-inbox.js';
export type { InboxEntry, InboxStore } from '../transactions/inbox/inbox-store.port.js';
export type { IsolationLevel, TransactionOptions, TransactionScope } from '../transactions/transaction-scope.port.js';
export { Transaction } from '../transactions/transaction.js';
export { Transactions } from '../transactions/transactions.js';
export type { InboxOptions, TransactionsOptions } from '../transactions/transactions.options.js';
