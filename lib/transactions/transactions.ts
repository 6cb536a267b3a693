import { AsyncLocalStorage } from 'node:async_hooks';

import {
  NoTransactionError,
  TransactionDoomedError,
  TransactionOverError,
  TransactionsNotConfiguredError,
} from './errors.js';
import type { TransactionOptions, TransactionScope } from './transaction-scope.port.js';
import { Transaction } from './transaction.js';

/**
 * Runs work in transactions, and knows which one the caller is in: what the application writes with its client, the events it
 * appends and the messages it sends are there together or not at all.
 *
 * @example
 * ```ts
 * await transactions.run(async ({ client }) => {
 *   await client.query('UPDATE stock SET count = count - 1 WHERE sku = $1', [sku]);
 *   await context.publish(new StockTaken(sku));
 * });
 * ```
 */
export class Transactions<Client = unknown> {
  private readonly storage = new AsyncLocalStorage<Transaction<Client>>();
  private readonly foreigners = new WeakMap<object, Transaction<Client>>();

  constructor(
    private readonly scope: TransactionScope<Client> | undefined,
    /** Takes the errors of hooks that run after the end. */
    private readonly report: (error: unknown) => void,
    /** Counts those that are under way: shutdown waits for them. */
    private readonly underWay?: { enter(): void; leave(): void },
  ) {}

  /** Whether the application has transactions. */
  get isConfigured(): boolean {
    return this.scope !== undefined;
  }

  /**
   * What the statements of the transaction are run with that the caller's work is part of: for handlers, and for what they call.
   *
   * @throws DISPATCH_NO_TRANSACTION outside of one, and once it is over
   */
  get client(): Client {
    const found = this.find();
    if (found === undefined || found.isOver) throw new NoTransactionError();
    return found.client;
  }

  /**
   * The transaction that the caller's work is part of; undefined outside of one, and once it is over.
   *
   * @throws DISPATCH_TRANSACTION_OVER to a handler that goes on after it was told to stop, so that nothing comes of half of its work
   */
  get current(): Transaction<Client> | undefined {
    const found = this.find();
    if (found?.isOver === true) throw new TransactionOverError();
    return found;
  }

  /**
   * Runs work in a transaction: in that which the caller is in, else in one of its own. Work that joins one and fails dooms
   * all of it, also where its error is caught. When the application closes, work that is under way is waited for as handlers are.
   *
   * @returns what the work resolved with, once that is committed; for work that joined one, once the work has ended
   * @throws DISPATCH_TRANSACTIONS_NOT_CONFIGURED, DISPATCH_TRANSACTION_OVER as {@link current}
   * @throws DISPATCH_TRANSACTION_DOOMED where work that joined failed and the rest went on; its error is the `cause`
   */
  async run<T>(work: (transaction: Transaction<Client>) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const { current } = this;
    return current === undefined ? this.begin(work, options) : join(current, work);
  }

  /** Connects. Rejects with what the database says. */
  async open(): Promise<void> {
    await this.scope?.open?.();
  }

  /** Ends what the scope has opened. */
  async close(): Promise<void> {
    await this.scope?.close?.();
  }

  /** The transaction of the caller; of those that are over only one that has abandoned him. */
  private find(): Transaction<Client> | undefined {
    const own = this.storage.getStore();
    const left = own?.isOver !== true || own.isAbandoned ? own : undefined;
    const { scope } = this;
    if (scope?.current === undefined) return left;
    const client = scope.current();
    if (client !== undefined) return own?.client === client ? left : this.foreign(scope, client);
    return left?.isOver === true ? left : undefined;
  }

  /** A transaction that somebody else has begun: the same for the same client, for whoever keeps something by it. */
  private foreign(scope: TransactionScope<Client>, client: Client): Transaction<Client> {
    const known = isKey(client) ? this.foreigners.get(client) : undefined;
    if (known !== undefined) return known;
    const made = new Transaction(client, scope.handleOf === undefined ? client : scope.handleOf(client), true);
    if (isKey(client)) this.foreigners.set(client, made);
    return made;
  }

  private async begin<T>(
    work: (transaction: Transaction<Client>) => Promise<T>,
    options: TransactionOptions,
  ): Promise<T> {
    const { scope } = this;
    if (scope === undefined) throw new TransactionsNotConfiguredError();
    let begun: Transaction<Client> | undefined;
    this.underWay?.enter();
    try {
      const result = await scope.run((client) => {
        const transaction = new Transaction(client, scope.handleOf === undefined ? client : scope.handleOf(client));
        begun = transaction;
        return this.storage.run(transaction, () => workOff(transaction, work));
      }, options);
      await this.after(begun, 'committed');
      return result;
    } catch (error) {
      await this.after(begun, 'rolledBack');
      throw error;
    } finally {
      this.underWay?.leave();
    }
  }

  /** Runs what waited for the end, outside of the transaction. Never rejects. */
  private async after(
    transaction: Transaction<Client> | undefined,
    outcome: 'committed' | 'rolledBack',
  ): Promise<void> {
    for (const hook of transaction?.hooksAfter(outcome) ?? []) {
      try {
        await hook();
      } catch (error) {
        this.report(error);
      }
    }
  }
}

async function workOff<C, T>(
  transaction: Transaction<C>,
  work: (transaction: Transaction<C>) => Promise<T>,
): Promise<T> {
  try {
    const result = await work(transaction);
    await transaction.prepare();
    const { doomed } = transaction;
    if (doomed !== undefined) throw new TransactionDoomedError({ cause: doomed.reason });
    return result;
  } finally {
    transaction.end();
  }
}

async function join<C, T>(transaction: Transaction<C>, work: (transaction: Transaction<C>) => Promise<T>): Promise<T> {
  try {
    return await work(transaction);
  } catch (error) {
    transaction.doom(error);
    throw error;
  }
}

function isKey(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
