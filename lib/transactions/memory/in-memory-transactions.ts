import { ForeignMemoryTransactionError, TransactionOverError } from '../errors.js';
import type { TransactionScope } from '../transaction-scope.port.js';

/** A write to something in memory that waits for the commit. */
export interface MemoryChange {
  /** Throws where it cannot be made any more; then none of the transaction is. */
  check?(): void;
  /** Makes it. Must not throw. */
  apply(): void;
  /** Called in place of `apply` where the transaction is rolled back. Must not throw. */
  drop?(): void;
}

/** A transaction over things in memory: the client of `inMemoryTransactions()`, and what stores in memory take. */
export class MemoryTransaction {
  private readonly changes: MemoryChange[] = [];
  private isOver = false;

  /** What a store in memory was given as its transaction. @throws DISPATCH_FOREIGN_MEMORY_TRANSACTION where it is something else */
  static of(transaction: unknown): MemoryTransaction {
    if (transaction instanceof MemoryTransaction) return transaction;
    throw new ForeignMemoryTransactionError();
  }

  /** Has a change made at the commit, after those before it. @throws DISPATCH_TRANSACTION_OVER */
  add(change: MemoryChange): void {
    if (this.isOver) throw new TransactionOverError();
    this.changes.push(change);
  }

  /** Makes all changes in one turn of the event loop, or, where one of them cannot be made, none. @throws what its check throws */
  commit(): void {
    this.isOver = true;
    for (const change of this.changes) change.check?.();
    for (const change of this.changes) change.apply();
  }

  /** Makes none of them. */
  rollback(): void {
    this.isOver = true;
    for (const change of this.changes) change.drop?.();
  }
}

/**
 * Transactions over the stores in memory of one process, for tests and for applications that keep nothing: what they write is there
 * together or not at all, and is seen by nobody before. Writes that exclude each other are found out at the commit.
 *
 * @example
 * ```ts
 * DispatchModule.forRoot({ transactions: { scope: inMemoryTransactions() } });
 * ```
 */
export function inMemoryTransactions(): TransactionScope<MemoryTransaction> {
  return { run: runInMemory };
}

async function runInMemory<T>(work: (client: MemoryTransaction) => Promise<T>): Promise<T> {
  const transaction = new MemoryTransaction();
  try {
    const result = await work(transaction);
    transaction.commit();
    return result;
  } catch (error) {
    transaction.rollback();
    throw error;
  }
}
