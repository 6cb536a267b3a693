import type { TransactionScope } from '../../../index.js';
import { TransactionAbortedError } from '../errors.js';
import type { PostgresResult, PostgresStatement, PostgresTransactionClient } from './transaction-client.js';
import { isolationOf } from './isolation.js';

interface PgliteResult {
  readonly rows: readonly unknown[];
  readonly affectedRows?: number;
}

/** A PGlite as far as its transactions go. */
export interface PgliteTransactional {
  transaction<T>(
    work: (transaction: { query(text: string, values?: unknown[]): Promise<PgliteResult> }) => Promise<T>,
  ): Promise<T>;
}

/**
 * Runs transactions on a PGlite: the option `transactions` beside stores whose connection is `pglitePool(database)`. There is one at a time, and
 * whoever uses the database without being part of it waits for its end: work that waits for such a one never ends.
 *
 * @example
 * ```ts
 * DispatchModule.forRoot({ transactions: { scope: pgliteTransactions(database) } });
 * ```
 */
export function pgliteTransactions(database: PgliteTransactional): TransactionScope<PostgresTransactionClient> {
  return {
    run: (work, { isolation }) =>
      database.transaction(async (transaction) => {
        let failure: { readonly reason: unknown } | undefined;
        const run = async (text: string, values: readonly unknown[] | undefined): Promise<PgliteResult> => {
          try {
            return await transaction.query(text, values && [...values]);
          } catch (error) {
            failure ??= { reason: error };
            throw error;
          }
        };
        if (isolation !== undefined) await run(`SET TRANSACTION ${isolationOf(isolation)}`, undefined);
        const result = await work({ query: (statement, values) => queried(run, statement, values) });
        // The database would answer the commit with a rollback, and no error.
        if (failure !== undefined) throw new TransactionAbortedError({ cause: failure.reason });
        return result;
      }),
  };
}

async function queried<Row>(
  run: (text: string, values: readonly unknown[] | undefined) => Promise<PgliteResult>,
  statement: string | PostgresStatement,
  values: readonly unknown[] | undefined,
): Promise<PostgresResult<Row>> {
  const { rows, affectedRows } =
    typeof statement === 'string' ? await run(statement, values) : await run(statement.text, statement.values);
  // The caller knows what its statement returns.
  return { rows: rows as readonly Row[], rowCount: affectedRows ?? rows.length };
}
