import { ForeignTransactionEndError, TransactionOverError } from './errors.js';

type Hook = () => Promise<void> | void;

/** A transaction that is under way. */
export class Transaction<Client = unknown> {
  private readonly before: Hook[] = [];
  private readonly committed: Hook[] = [];
  private readonly rolledBack: Hook[] = [];
  private hasEnded = false;
  private abandonedCount = 0;
  private failure: { readonly reason: unknown } | undefined;

  constructor(
    /** What the application's own statements are run with. */
    readonly client: Client,
    /** What stores take as their `transaction`. */
    readonly handle: unknown,
    /** Whether it was begun by other means than `Transactions#run()`: stores take part in it, and nobody here hears of its end. */
    readonly isForeign = false,
  ) {}

  /** Whether it has been committed or rolled back, or is about to be: nothing more can be part of it. */
  get isOver(): boolean {
    return this.hasEnded;
  }

  /** Whether it is over although a part of its work goes on. */
  get isAbandoned(): boolean {
    return this.hasEnded && this.abandonedCount > 0;
  }

  /** Calls `hook` in the transaction when its work is done; hooks run one after the other, and one that fails rolls all back. @throws DISPATCH_TRANSACTION_OVER, DISPATCH_FOREIGN_TRANSACTION_END */
  beforeCommit(hook: Hook): void {
    this.checkOpen();
    this.before.push(hook);
  }

  /** Calls `hook` once the transaction is committed. Its error is reported and changes nothing. @throws DISPATCH_TRANSACTION_OVER, DISPATCH_FOREIGN_TRANSACTION_END */
  afterCommit(hook: Hook): void {
    this.checkOpen();
    this.committed.push(hook);
  }

  /** Calls `hook` where the transaction is not known to have been committed. Its error is reported. @throws DISPATCH_TRANSACTION_OVER, DISPATCH_FOREIGN_TRANSACTION_END */
  afterRollback(hook: Hook): void {
    this.checkOpen();
    this.rolledBack.push(hook);
  }

  /** Says that a part of its work failed, so that it cannot be committed, whatever becomes of the rest. */
  doom(reason: unknown): void {
    this.failure ??= { reason };
  }

  /** Why it cannot be committed; undefined where it can. */
  get doomed(): { readonly reason: unknown } | undefined {
    return this.failure;
  }

  /** Calls what is to run before the commit, also what is added meanwhile; then nothing more can be part of it. */
  async prepare(): Promise<void> {
    for (let hook = this.before.shift(); hook !== undefined; hook = this.before.shift()) await hook();
    // At once: what came before its caller goes on would be taken, and never run.
    this.end();
  }

  /** Says that it will not wait for a part of its work. @returns what is to be called when that has ended */
  abandon(): () => void {
    this.abandonedCount += 1;
    return () => void (this.abandonedCount -= 1);
  }

  /** Says that it is over, or about to be. */
  end(): void {
    this.hasEnded = true;
  }

  /** What is to run once it is known how it ended. */
  hooksAfter(outcome: 'committed' | 'rolledBack'): readonly Hook[] {
    return outcome === 'committed' ? this.committed : this.rolledBack;
  }

  private checkOpen(): void {
    if (this.isForeign) throw new ForeignTransactionEndError();
    if (this.hasEnded) throw new TransactionOverError();
  }
}
