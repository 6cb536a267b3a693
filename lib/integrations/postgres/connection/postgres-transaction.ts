import pg from 'pg';

import { ForeignTransactionError } from '../errors.js';
import type { NamedText } from './named-text.js';

/** A connection that is in a transaction: a client of `pg`, or anything that runs statements in it as that does. */
export interface PostgresTransaction {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

const TAKING_NAMES = new WeakSet<object>();

/** Says that a transaction takes statements with names, as a client of `pg` does. @returns the transaction */
export function takingNames<T extends object>(transaction: T): T {
  TAKING_NAMES.add(transaction);
  return transaction;
}

/**
 * Runs a statement in the caller's own transaction: never repeated, and without a time limit of its own, for both are the
 * transaction's business. The server keeps it where it has a name, and the transaction is one of this package or a client of `pg`.
 *
 * @throws DISPATCH_FOREIGN_TRANSACTION; else rejects with what the server says, and the transaction cannot go on
 */
export async function queryIn<Row>(
  transaction: unknown,
  statement: string | NamedText,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  if (!isPostgresTransaction(transaction)) throw new ForeignTransactionError();
  const { text, name } = typeof statement === 'string' ? { text: statement, name: undefined } : statement;
  const isNamed = name !== undefined && (TAKING_NAMES.has(transaction) || transaction instanceof pg.Client);
  // Whoever takes names takes a statement in one piece too, of which the type above says nothing.
  const { rows } = isNamed
    ? await (transaction as unknown as TakingNames).query({ name, text, values })
    : await transaction.query(text, values);
  // The caller knows what its statement returns.
  return rows as readonly Row[];
}

interface TakingNames {
  query(statement: NamedText & { readonly values: readonly unknown[] }): Promise<{ readonly rows: readonly unknown[] }>;
}

function isPostgresTransaction(value: unknown): value is PostgresTransaction {
  return typeof value === 'object' && value !== null && 'query' in value && typeof value.query === 'function';
}
