import type { HandlerContext, MessageContext } from '../../message/message-context.js';
import type { Transaction } from '../../transactions/transaction.js';
import type { Transactions } from '../../transactions/transactions.js';
import type { Next, PipelineBehavior } from '../behavior.js';
import type { Inbox } from './inbox.js';
import type { TransactionalOptions } from './transactional.decorator.js';

/** Has a handler run in a transaction. It is put around handlers by itself where they are `@Transactional`. */
export class TransactionalBehavior implements PipelineBehavior {
  constructor(
    private readonly transactions: Transactions,
    private readonly inbox: Inbox,
    private readonly options: TransactionalOptions,
  ) {}

  /** @throws what the scope says of beginning and committing, the reason of `context.signal`, DISPATCH_TRANSACTION_DOOMED */
  async handle(context: HandlerContext, next: Next): Promise<unknown> {
    // Behaviors are given contexts that the dispatcher made, and no others.
    const own = context as MessageContext;
    const { signal } = own;
    let handled: Promise<unknown> | undefined;
    let ended: (() => void) | undefined;
    const work = async ({ handle }: Transaction): Promise<unknown> => {
      signal.throwIfAborted();
      if (!(await this.inbox.isNew(own, handle))) return undefined;
      signal.throwIfAborted();
      handled = next();
      const result = await handled;
      await own.seal?.(result, handle);
      return result;
    };
    try {
      return await this.transactions.run((transaction) => {
        const abandon = (): void => void (ended = transaction.abandon());
        return unlessAborted(work(transaction), signal, abandon);
      }, this.options);
    } catch (error) {
      own.isUndone = true;
      // Rolled back it is, but a handler that was told to stop counts as running until it has.
      await handled?.catch(() => undefined);
      if (ended !== undefined) Promise.resolve(own.unfinished).then(ended, ended);
      throw error;
    }
  }
}

/** Rejects as soon as the signal aborts, with its reason; `abandoned` is called before. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, abandoned: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    // Whatever it is: what the signal was aborted with is what the caller is to get.
    const abort = (): void => {
      abandoned();
      reject(signal.reason as Error);
    };
    const settle = (): void => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    // It may have done so while the handler ran up to its first wait.
    if (signal.aborted) abort();
    work.then(
      (result) => (settle(), resolve(result)),
      (error: unknown) => (settle(), reject(error)),
    );
  });
}
