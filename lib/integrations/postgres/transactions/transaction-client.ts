/** A statement in one piece, as `pg` takes it. */
export interface PostgresStatement {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** Has the server prepare it once for each connection under this name. */
  readonly name?: string;
  /** `'array'` gives each row as a list. */
  readonly rowMode?: 'array';
}

/** What a statement came to, as `pg` gives it. */
export interface PostgresResult<Row> {
  readonly rows: readonly Row[];
  /** How many rows were concerned; null where the statement has no such number. */
  readonly rowCount: number | null;
}

/**
 * Runs statements in a transaction of {@link postgresTransactions}. They run one after the other, and have no time limit of their own. It is
 * of no use any more once the transaction is over.
 */
export interface PostgresTransactionClient {
  /**
   * @typeParam Row what the caller knows its rows to be
   * @throws DISPATCH_TRANSACTION_OVER once the transaction is over; else what the server says, and then nothing but a rollback is left
   */
  query<Row = Record<string, unknown>>(
    statement: string | PostgresStatement,
    values?: readonly unknown[],
  ): Promise<PostgresResult<Row>>;
}
