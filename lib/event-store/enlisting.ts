import type { Transactions } from '../transactions/transactions.js';

/** Knows which transaction the caller is in. */
export type CurrentTransaction = Pick<Transactions, 'current'>;

/** The transaction that a store is to work in: the one that is given, else the one that the caller is in. */
export function transactionFor<Transaction>(
  given: Transaction | undefined,
  { current }: CurrentTransaction,
): Transaction | undefined {
  // What the scope of an application makes for stores is what its store takes: the application has put the two together.
  return given ?? (current?.handle as Transaction | undefined);
}
