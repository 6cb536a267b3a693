import { DispatchError } from '../../index.js';

/** A store on Postgres, or a migration, was given options it cannot work with; the text lists every one. */
export class InvalidPostgresOptionsError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_POSTGRES_OPTIONS';

  constructor(
    /** Whose options, as `postgresIdempotency()`. */
    readonly subject: string,
    readonly problems: readonly string[],
  ) {
    super(`${subject} ${problems.join('; ')}.`);
  }
}

/** The tables of a store are not there, or are those of an older release. */
export class PostgresTablesError extends DispatchError {
  readonly code = 'DISPATCH_POSTGRES_TABLES';

  constructor(
    readonly schema: string,
    readonly feature: string,
    /** The version the tables have; 0 where there are none. */
    readonly foundVersion: number,
    readonly neededVersion: number,
  ) {
    const found = foundVersion === 0 ? 'has no tables' : `has version ${foundVersion} of the tables`;
    super(
      `The schema "${schema}" ${found} for "${feature}", which needs version ${neededVersion}: run "npx nestjs-dispatch migrate --schema ${schema}" where you deploy, or migratePostgres() or what postgresMigrationSql() returns, or set "migrate: true".`,
    );
  }
}

/** The Postgres server did not answer in time; `cause` says why. Whether the statement was carried out is not known. */
export class PostgresUnavailableError extends DispatchError {
  readonly code = 'DISPATCH_POSTGRES_UNAVAILABLE';

  constructor(
    /** Which server, without credentials, as `Postgres at 127.0.0.1:5432`. */
    readonly server: string,
    readonly timeoutMs: number,
    options: ErrorOptions,
  ) {
    super(`${server} did not answer within ${timeoutMs} ms: check that it runs and can be reached.`, options);
  }
}

/** A store on Postgres was given a transaction that cannot run statements. */
export class ForeignTransactionError extends DispatchError {
  readonly code = 'DISPATCH_FOREIGN_TRANSACTION';

  constructor() {
    super(
      'A store on Postgres was given a transaction without the method query(text, values): it takes a client of pg, or what the "handleOf" of a transaction scope makes of another client.',
    );
  }
}

/** A transaction could not be committed, since a statement in it had failed, or its connection had broken, and its work went on. */
export class TransactionAbortedError extends DispatchError {
  readonly code = 'DISPATCH_TRANSACTION_ABORTED';

  constructor(options: ErrorOptions) {
    super(
      'The transaction was rolled back: a statement in it had failed, and its work went on as if nothing had happened. Let the error pass, or undo the statement with a SAVEPOINT.',
      options,
    );
  }
}

/**
 * A transaction could not append to a stream, for what others did to it is not in the state that the transaction sees, or each waits for the
 * other; `cause` is what the server said. The transaction is lost: it has to be done again from its begin.
 */
export class TransactionConflictError extends DispatchError {
  readonly code = 'DISPATCH_TRANSACTION_CONFLICT';

  constructor(
    readonly stream: string,
    options: ErrorOptions,
  ) {
    super(
      `The transaction cannot append to the stream "${stream}", which others have changed since it began: do all of it again in a new one, as a failure rule does that retries this error.`,
      options,
    );
  }
}

/** A transaction could not begin, since all connections were used by others until the time was over. */
export class TransactionsBusyError extends DispatchError {
  readonly code = 'DISPATCH_TRANSACTIONS_BUSY';

  constructor(
    readonly maxConnections: number,
    readonly timeoutMs: number,
  ) {
    super(
      `No transaction could begin within ${timeoutMs} ms, for ${maxConnections} others were under way: raise "maxConnections" of postgresTransactions(), or have fewer handlers run at once.`,
    );
  }
}

/** A stream takes no new appends, but some that had begun before did not end in time: archive it, or delete it, once more. */
export class StreamClosingError extends DispatchError {
  readonly code = 'DISPATCH_STREAM_CLOSING';

  constructor(
    readonly stream: string,
    readonly timeoutMs: number,
  ) {
    super(
      `The stream "${stream}" takes no new events, but what was writing events before had not ended after ${timeoutMs} ms: archive or delete it again, and see in pg_stat_activity what writes to dispatch_events.`,
    );
  }
}
