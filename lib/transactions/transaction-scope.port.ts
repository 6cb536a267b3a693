/** How strictly a transaction is kept apart from others, as SQL names it. */
export type IsolationLevel = 'read committed' | 'repeatable read' | 'serializable';

/** How a transaction is run. */
export interface TransactionOptions {
  /** Default: what the database does of itself. Without meaning inside a transaction that is under way. */
  readonly isolation?: IsolationLevel;
}

/**
 * Runs work in transactions of one database.
 *
 * @typeParam Client what the application's own statements are run with: a client of `pg`, a manager of an ORM
 */
export interface TransactionScope<Client = unknown> {
  /**
   * Begins a transaction, calls `work`, commits where that resolves and rolls back where it rejects. Resolves with what `work`
   * resolved with once the commit is known to have succeeded. Rejects with what `work` rejected with, else with what the database
   * says of beginning or committing; a commit whose answer was lost rejects too, and may have happened. The connection is free
   * again in every case.
   */
  run<T>(work: (client: Client) => Promise<T>, options: TransactionOptions): Promise<T>;
  /**
   * What stores take as their `transaction` for work of this client: for stores on Postgres, something with the method
   * `query(text, values)`. Default: the client itself.
   */
  handleOf?(client: Client): unknown;
  /**
   * The client of the transaction that the caller is in, also of one that was begun by other means than {@link TransactionScope.run}; undefined
   * outside of one. Default: only transactions of `run` are known.
   */
  current?(): Client | undefined;
  /** Called once, when the application starts: connects. */
  open?(): Promise<void>;
  /** Called once, when the application has closed: ends what the scope itself has opened. */
  close?(): Promise<void>;
}
