import type { MessageKind } from '../../message/message.js';
import { TransactionOverError } from '../../transactions/errors.js';
import type { Transaction } from '../../transactions/transaction.js';
import type { Transactions } from '../../transactions/transactions.js';
import { OutsideTransactionError } from './errors.js';
import type { ResolvedOutbox } from './outbox.options.js';
import type { NewOutboxMessage } from './outbox-store.port.js';

/** A message that is to be written, and who is told what became of it. */
export interface OutboxWriting extends NewOutboxMessage {
  readonly written: () => void;
  readonly refused: (error: unknown) => void;
}

/** What is asked of a message before it is sent. */
export interface OutboxQuestion {
  readonly messageName: string;
  readonly kind: MessageKind;
  /** What its route says; undefined where it says nothing. */
  readonly isRouted: boolean | undefined;
  /** The name of the handler that sends it; undefined where none does, and where the sender waits for the end. */
  readonly sender: string | undefined;
}

/** What one transaction has still to write. */
interface Pending {
  open: OutboxWriting[] | undefined;
  /** Settles when all that was handed to the store so far is written, or refused. Never rejects. */
  last: Promise<void>;
}

/**
 * Writes messages into the transaction they are sent in. What is sent in one turn of the event loop is written at once, in the
 * order it was sent, and a transaction does not commit before: not even where its work does not wait for the send.
 */
export class OutboxWriter {
  private readonly pending = new WeakMap<Transaction, Pending>();

  constructor(
    private readonly options: Pick<ResolvedOutbox, 'store' | 'messages' | 'strict'>,
    private readonly transactions: Pick<Transactions, 'current'>,
    /** Called when a transaction has committed that has sent something. */
    private readonly committed: () => void,
  ) {}

  /**
   * The transaction that a message is written into; undefined where it goes to its queue at once.
   *
   * @throws DISPATCH_OUTSIDE_TRANSACTION
   */
  transactionFor({ messageName, kind, isRouted, sender }: OutboxQuestion): Transaction | undefined {
    if (!this.concerns(kind, isRouted)) return undefined;
    const { current } = this.transactions;
    if (current === undefined && sender !== undefined && this.options.strict) {
      throw new OutsideTransactionError(messageName, sender);
    }
    return current;
  }

  /** Whether a message that is sent now is written in a transaction. */
  isWritten(kind: MessageKind, isRouted: boolean | undefined): boolean {
    return this.concerns(kind, isRouted) && this.transactions.current !== undefined;
  }

  /** Has a transaction wait for something before it commits; one of others cannot, so there who sends must wait. Must not reject. */
  holdBack(transaction: Transaction, work: Promise<void>): void {
    if (!transaction.isForeign) transaction.beforeCommit(() => work);
  }

  /** Writes a message. Whoever sent it is told later, never in this turn. */
  write(transaction: Transaction, writing: OutboxWriting): void {
    try {
      const pending = this.pendingOf(transaction);
      if (pending.open === undefined) this.begin(transaction, pending).push(writing);
      else pending.open.push(writing);
    } catch (error) {
      writing.refused(error);
    }
  }

  /**
   * Whether a message is written in the transaction that it is sent in, where there is one. A query is not: it changes nothing, so nothing is
   * lost where its asker is rolled back.
   */
  concerns(kind: MessageKind, isRouted: boolean | undefined): boolean {
    return kind !== 'query' && (isRouted ?? this.options.messages === 'all');
  }

  private pendingOf(transaction: Transaction): Pending {
    const known = this.pending.get(transaction);
    if (known !== undefined) return known;
    // Of the commit of others the store tells, or the next poll finds it.
    if (!transaction.isForeign) transaction.afterCommit(this.committed);
    const made: Pending = { open: undefined, last: Promise.resolve() };
    this.pending.set(transaction, made);
    return made;
  }

  private begin(transaction: Transaction, pending: Pending): OutboxWriting[] {
    const writings: OutboxWriting[] = [];
    const { last } = pending;
    const closed = new Promise<void>((resolve) => {
      process.nextTick(() => {
        pending.open = undefined;
        resolve();
      });
    });
    const done = Promise.all([closed, last]).then(() => this.flush(transaction, writings));
    this.holdBack(transaction, done);
    pending.open = writings;
    pending.last = done;
    return writings;
  }

  /** Never rejects: the senders are told, and the transaction cannot commit without what they sent. */
  private async flush(transaction: Transaction, writings: readonly OutboxWriting[]): Promise<void> {
    try {
      // By now its connection may be in the hands of somebody else.
      if (transaction.isOver) throw new TransactionOverError();
      const messages = writings.map(({ queue, entry, dueAtMs }) => ({ queue, entry, dueAtMs }));
      await this.options.store.add(messages, transaction.handle);
      for (const { written } of writings) written();
    } catch (error) {
      transaction.doom(error);
      for (const { refused } of writings) refused(error);
    }
  }
}
