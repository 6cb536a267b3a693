import { TransactionOverError, type TransactionOptions, type TransactionScope } from '../../../index.js';
import { within } from '../connection/outage.js';
import { isPglitePool } from '../connection/pglite-pool.js';
import { PostgresClient } from '../connection/postgres-client.js';
import {
  isPool,
  resolvePostgresOptions,
  type PostgresStoreOptions,
  type ResolvedPostgresOptions,
} from '../connection/postgres-options.js';
import { PostgresUnavailableError, TransactionsBusyError } from '../errors.js';
import { isolationOf } from './isolation.js';
import { OpenTransaction } from './open-transaction.js';
import type { PostgresTransactionClient } from './transaction-client.js';

/** Options of {@link postgresTransactions}. */
export interface PostgresTransactionsOptions extends Omit<
  PostgresStoreOptions,
  'schema' | 'migrate' | 'maxConnections' | 'commandTimeoutMs'
> {
  /** How many transactions are under way at most, from 1; further ones wait. Without meaning beside a pool. Default 10. */
  readonly maxConnections?: number;
  /**
   * How long it may take until a transaction has begun, a free connection and a server that restarts waited for; and how long the answer to
   * a commit or a rollback may take. In milliseconds from 1. Statements of the work have no limit here. Default 5000.
   */
  readonly commandTimeoutMs?: number;
}

const SUBJECT = 'postgresTransactions()';
const DEFAULT_MAX_CONNECTIONS = 10;

/**
 * Runs transactions on Postgres with `pg`: the option `transactions` of `DispatchModule.forRoot()`. The client that work is given runs statements
 * until the transaction is over, and stores on Postgres take it as their `transaction`.
 *
 * A transaction that cannot begin, since the server is away, is begun again until the time is over. A commit is never repeated: where
 * its answer is lost, the caller gets a `CommitUncertainError`. A connection whose state is not known is closed and not used again.
 *
 * @example
 * ```ts
 * DispatchModule.forRoot({ transactions: { scope: postgresTransactions({ connection: 'postgres://localhost/shop' }) } });
 * ```
 *
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS listing everything that is wrong with the options
 */
export function postgresTransactions(
  options: PostgresTransactionsOptions = {},
): TransactionScope<PostgresTransactionClient> {
  const problems = ['schema', 'migrate']
    .filter((name) => Object.hasOwn(Object(options), name))
    .map((name) => `has the option "${name}", which is for stores: it has no tables`);
  if (isPglitePool(options?.connection)) {
    problems.push('has a connection of pglitePool(), which is one session for all: use pgliteTransactions(database)');
  }
  const resolved = resolvePostgresOptions(SUBJECT, options, { problems });
  return new PostgresTransactions({
    ...resolved,
    maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
  });
}

class PostgresTransactions implements TransactionScope<PostgresTransactionClient> {
  private readonly client: PostgresClient;
  private readonly underWay = new Map<OpenTransaction, Promise<unknown>>();
  private isClosed = false;

  constructor(private readonly options: ResolvedPostgresOptions) {
    this.client = new PostgresClient(options);
  }

  async run<T>(work: (client: PostgresTransactionClient) => Promise<T>, { isolation }: TransactionOptions): Promise<T> {
    const transaction = await this.begin(isolation === undefined ? 'BEGIN' : `BEGIN ${isolationOf(isolation)}`);
    if (this.isClosed) transaction.abandon();
    const running = transaction.run(work);
    this.underWay.set(transaction, running);
    try {
      return await running;
    } finally {
      this.underWay.delete(transaction);
    }
  }

  async open(): Promise<void> {
    try {
      await this.client.query('SELECT 1');
    } catch (error) {
      if (this.options.atBoot === 'fail' || !(error instanceof PostgresUnavailableError)) throw error;
    }
  }

  /** Work that does not end in time loses its connection: it must not keep the application, or the owner of the pool, from closing. */
  async close(): Promise<void> {
    const { underWay } = this;
    this.isClosed = true;
    await within(this.options.commandTimeoutMs, Promise.allSettled(underWay.values())).catch(() => {
      for (const transaction of underWay.keys()) transaction.abandon();
    });
    await this.client.close();
  }

  private async begin(statement: string): Promise<OpenTransaction> {
    if (this.isClosed) throw new TransactionOverError();
    const { connection, maxConnections, commandTimeoutMs } = this.options;
    try {
      return await OpenTransaction.begin(this.client, statement, commandTimeoutMs);
    } catch (error) {
      const isFull = !isPool(connection) && this.underWay.size >= maxConnections;
      if (isFull && error instanceof PostgresUnavailableError) {
        throw new TransactionsBusyError(maxConnections, commandTimeoutMs);
      }
      throw error;
    }
  }
}
