import 'reflect-metadata';

import { describeValue } from '../../common/describe-value.js';
import { checkOptions, type CheckedOptions, type OptionChecks } from '../../handlers/checked-options.js';
import type { IsolationLevel, TransactionOptions } from '../../transactions/transaction-scope.port.js';

const TRANSACTIONAL = Symbol.for('nestjs-dispatch/transactional');

/** Options of {@link Transactional}. */
export interface TransactionalOptions extends TransactionOptions {}

/**
 * Has a handler run in a transaction of the option `transactions`: committed where it returns, rolled back where it rejects. What is
 * appended to the event store in it is part of it, and so are statements that are run with the client of the injected `Transactions`, by
 * the handler and by whatever it calls. A handler that is called within the transaction of another one joins it.
 *
 * Where `context.signal` aborts before the handler has returned (its time is over, its lock is lost, the application shuts down), all is
 * rolled back at once, and what the handler still publishes, appends or begins is refused (`DISPATCH_TRANSACTION_OVER`). Each attempt is a transaction of its own. Neither the wait for a connection nor
 * the commit counts as the handler's time.
 *
 * @example
 * ```ts
 * @Transactional({ isolation: 'serializable' })
 * @CommandHandler(ReserveSeat)
 * class ReserveSeatHandler {
 *   constructor(private readonly transactions: Transactions<PostgresTransactionClient>) {}
 *
 *   async execute({ seat }: ReserveSeat) {
 *     await this.transactions.client.query('UPDATE seats SET is_free = false WHERE id = $1', [seat]);
 *   }
 * }
 * ```
 */
export function Transactional(options: TransactionalOptions = {}) {
  return (target: abstract new (...args: never[]) => object): void =>
    Reflect.defineMetadata(TRANSACTIONAL, options, target);
}

/** What `@Transactional` says on this very class, as it was written; undefined for a class without it. */
export function transactionalOptionsOf(target: object): TransactionalOptions | undefined {
  return Reflect.getOwnMetadata(TRANSACTIONAL, target) as TransactionalOptions | undefined;
}

const LEVELS: readonly unknown[] = ['read committed', 'repeatable read', 'serializable'] satisfies IsolationLevel[];

const CHECKS: OptionChecks<TransactionalOptions> = {
  isolation: (value) =>
    LEVELS.includes(value)
      ? undefined
      : `which is ${describeValue(value)}, not 'read committed', 'repeatable read' or 'serializable'`,
};

/** Looks the options of a handler over. */
export function checkTransactionalOptions(
  label: string,
  options: TransactionalOptions,
): CheckedOptions<Partial<TransactionalOptions>> {
  return checkOptions<TransactionalOptions>({ label, decorator: '@Transactional' }, options, CHECKS);
}
