import { CommitUncertainError, TransactionOverError } from '../../../index.js';
import { isOutage, within } from '../connection/outage.js';
import type { PooledConnection } from '../connection/driver.js';
import type { PostgresClient } from '../connection/postgres-client.js';
import { takingNames } from '../connection/postgres-transaction.js';
import { TransactionAbortedError } from '../errors.js';
import type { PostgresResult, PostgresStatement, PostgresTransactionClient } from './transaction-client.js';

/** A transaction that has begun, on a connection that is its own until it is over. */
export class OpenTransaction {
  readonly client: PostgresTransactionClient = takingNames({
    query: (statement, values) => this.query(statement, values),
  });
  private isOver = false;
  /** The first statement that failed, or how the connection broke. */
  private failure: { readonly reason: unknown } | undefined;
  private isLost = false;
  private giveUp: (error: unknown) => void = () => undefined;
  private readonly givenUp = new Promise<never>((_resolve, reject) => (this.giveUp = reject));
  private connection: PooledConnection | undefined;

  private constructor(private readonly timeoutMs: number) {
    // It is somebody's business only while work is under way.
    this.givenUp.catch(() => undefined);
  }

  /** @throws DISPATCH_POSTGRES_UNAVAILABLE, or what the server says of beginning */
  static async begin(client: PostgresClient, statement: string, timeoutMs: number): Promise<OpenTransaction> {
    const transaction = new OpenTransaction(timeoutMs);
    transaction.connection = await client.lend(statement, transaction.onLost);
    return transaction;
  }

  /** Does work, then commits, or rolls back where it rejects. Its connection is free when this settles. */
  async run<T>(work: (client: PostgresTransactionClient) => Promise<T>): Promise<T> {
    try {
      if (this.isOver) throw new TransactionOverError();
      const result = await Promise.race([work(this.client), this.givenUp]);
      this.isOver = true;
      await this.commit();
      return result;
    } catch (error) {
      this.isOver = true;
      await this.rollback();
      throw error;
    }
  }

  /** Rolls back although the work goes on: the connection is closed. */
  abandon(): void {
    this.isOver = true;
    this.release(true);
    this.giveUp(new TransactionOverError());
  }

  private async query<Row>(
    statement: string | PostgresStatement,
    values?: readonly unknown[],
  ): Promise<PostgresResult<Row>> {
    const { connection } = this;
    if (this.isOver || connection === undefined) throw new TransactionOverError();
    try {
      // The caller knows what its statement returns.
      return (await connection.query(statement, values)) as PostgresResult<Row>;
    } catch (error) {
      this.failure ??= { reason: error };
      throw error;
    }
  }

  /** @throws DISPATCH_COMMIT_UNCERTAIN, DISPATCH_TRANSACTION_ABORTED; else what the server says of the commit, which did not happen then */
  private async commit(): Promise<void> {
    const { connection, failure } = this;
    if (connection === undefined) throw new TransactionOverError();
    // The server has rolled back by itself.
    if (this.isLost) throw new TransactionAbortedError({ cause: failure?.reason });
    let command: string | undefined;
    try {
      ({ command } = await within(this.timeoutMs, connection.query('COMMIT')));
    } catch (cause) {
      this.release(true);
      throw isOutage(cause) ? new CommitUncertainError({ cause }) : cause;
    }
    this.release(false);
    // A transaction in which a statement failed is rolled back instead, and that is no error to the server.
    if (command !== 'COMMIT') throw new TransactionAbortedError({ cause: this.failure?.reason });
  }

  /** Never rejects: where it is not known to have succeeded, the connection is closed, and so the server rolls back. */
  private async rollback(): Promise<void> {
    const { connection } = this;
    if (connection === undefined) return;
    let isBroken = true;
    try {
      if (!this.isLost) {
        await within(this.timeoutMs, connection.query('ROLLBACK'));
        isBroken = false;
      }
    } catch {
      // What the work failed with is what its caller is told.
    }
    this.release(isBroken);
  }

  private release(isBroken: boolean): void {
    const { connection } = this;
    if (connection === undefined) return;
    this.connection = undefined;
    // What is closed may still say that it broke.
    if (!isBroken) connection.removeListener('error', this.onLost);
    connection.release(isBroken);
  }

  private readonly onLost = (error: unknown): void => {
    this.isLost = true;
    this.failure ??= { reason: error };
  };
}
