import { describeValue, isOptionsObject } from '../common/describe-value.js';
import { checkOptions, type OptionChecks } from '../handlers/checked-options.js';
import type { WiringMistake } from '../handlers/errors.js';
import type { TransactionScope } from './transaction-scope.port.js';

/** The option `transactions` of `DispatchModule.forRoot()`. */
export interface TransactionsOptions {
  /** What runs them: `inMemoryTransactions()`, or one of your own. Without it there are none. */
  readonly scope: TransactionScope;
}

/** The same, as far as it was given. */
export type ResolvedTransactions = Partial<TransactionsOptions>;

const CHECKS: OptionChecks<TransactionsOptions> = {
  scope: (value) =>
    isOptionsObject(value) && 'run' in value && typeof value.run === 'function'
      ? undefined
      : `which is ${describeValue(value)} without the method run()`,
};

/** Adds what is wrong to the mistakes; of what is wrong nothing is used. */
export function resolveTransactions(
  given: TransactionsOptions | undefined,
  mistakes: WiringMistake[],
): ResolvedTransactions {
  if (given === undefined) return {};
  const owner = { label: 'The option "transactions" of DispatchModule' };
  const { options, mistakes: wrong } = checkOptions<TransactionsOptions>(owner, given, CHECKS);
  mistakes.push(...wrong);
  return options;
}
