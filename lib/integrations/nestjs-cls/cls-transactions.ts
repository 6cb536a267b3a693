import type { TransactionOptions, TransactionScope } from '../../index.js';
import type { ClsQueries, ClsRows } from './cls-queries.js';

/** A `TransactionHost` of `@nestjs-cls/transactional`, as far as it is used. */
export interface ClsTransactionHost<Tx> {
  readonly tx: Tx;
  isTransactionActive(): boolean;
  withTransaction<R>(options: never, work: () => Promise<R>): Promise<R>;
}

/** Options of {@link clsTransactions}. */
export interface ClsTransactionsOptions<Tx> {
  /**
   * The host, injected where a factory makes the options of the module; or what finds it when it is needed, such as
   * `() => TransactionHost.getInstance()`.
   */
  readonly host: ClsTransactionHost<Tx> | (() => ClsTransactionHost<Tx>);
  /** How statements are run in a transaction: that of your library, as `knexQueries`, or one of your own. */
  readonly queries: ClsQueries<Tx>;
}

/** What stores on Postgres take as their transaction. */
interface Handle {
  query(text: string, values?: readonly unknown[]): Promise<ClsRows>;
}

/**
 * Runs transactions by a `TransactionHost` of `@nestjs-cls/transactional`, and so by any database library that has an adapter for it: the
 * option `transactions` of `DispatchModule.forRoot()`. `Transactions#client` is the library's own transaction, as `TransactionHost#tx` is.
 *
 * A transaction that was begun by `@Transactional()` of that package, or by the host, is seen as well: event stores, and handlers with
 * `@Transactional` of this one, take part in it. Its end is not known, so nothing can wait for it there: events published in it are handled at once,
 * aggregates saved in it are not published, and hooks, as well as messages that would go through the option `outbox`, are refused
 * (`DISPATCH_FOREIGN_TRANSACTION_END`).
 *
 * Once its transaction is over, `TransactionHost#tx` gives work that goes on a client without one; `Transactions#client` refuses.
 *
 * @example
 * ```ts
 * DispatchModule.forRootAsync({
 *   inject: [TransactionHost],
 *   useFactory: (host: TransactionHost<TransactionalAdapterKnex>) => ({
 *     transactions: { scope: clsTransactions({ host, queries: knexQueries }) },
 *   }),
 * });
 * ```
 */
export function clsTransactions<Tx>(options: ClsTransactionsOptions<Tx>): TransactionScope<Tx> {
  const { host: given, queries } = options;
  const host = typeof given === 'function' ? given : (): ClsTransactionHost<Tx> => given;
  return {
    async run<T>(work: (client: Tx) => Promise<T>, { isolation }: TransactionOptions): Promise<T> {
      const adapted = isolation === undefined ? {} : queries.optionsOf(isolation);
      const found = host();
      // What the adapter takes is known to it and to `queries` alone.
      return found.withTransaction(adapted as never, () => work(found.tx));
    },
    current() {
      const found = host();
      return found.isTransactionActive() ? found.tx : undefined;
    },
    handleOf: (tx): Handle => ({ query: (text, values = []) => queries.query(tx, text, values) }),
  };
}
