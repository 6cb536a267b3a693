import { ForeignTransactionError } from '../errors.js';

/** A connection that is in a transaction: a client of `pg`, or anything that runs statements in it as that does. */
export interface PostgresTransaction {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/**
 * Runs a statement in the caller's own transaction: never repeated, and without a time limit of its own, for both are the
 * transaction's business.
 *
 * @throws DISPATCH_FOREIGN_TRANSACTION; else rejects with what the server says, and the transaction cannot go on
 */
export async function queryIn<Row>(
  transaction: unknown,
  text: string,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  if (!isPostgresTransaction(transaction)) throw new ForeignTransactionError();
  // The caller knows what its statement returns.
  return (await transaction.query(text, values)).rows as readonly Row[];
}

function isPostgresTransaction(value: unknown): value is PostgresTransaction {
  return typeof value === 'object' && value !== null && 'query' in value && typeof value.query === 'function';
}
