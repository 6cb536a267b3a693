import { describeValue, isOptionsObject } from '../common/describe-value.js';
import { checkOptions, type OptionChecks } from '../handlers/checked-options.js';
import type { WiringMistake } from '../handlers/errors.js';
import type { InboxStore } from './inbox/inbox-store.port.js';
import type { TransactionScope } from './transaction-scope.port.js';

/** Which messages transactional handlers behind queues have handled, so that none is handled twice. */
export interface InboxOptions {
  /** What keeps it in the transactions of the scope: `inMemoryInbox()`, or `postgresInbox()` of `nestjs-dispatch/postgres`. */
  readonly store: InboxStore;
  /**
   * For how long a message is known once it is handled, in milliseconds, from 1: longer than it may take until a queue has delivered it for the last
   * time. Default 604 800 000, a week.
   */
  readonly retentionMs?: number;
}

/** The same, complete. */
export type ResolvedInbox = Required<InboxOptions>;

/** The option `transactions` of `DispatchModule.forRoot()`. */
export interface TransactionsOptions {
  /** What runs them: `inMemoryTransactions()`, or one of your own. Without it there are none. */
  readonly scope: TransactionScope;
  /** Default: none, so a message that is delivered again is handled again. */
  readonly inbox?: InboxOptions;
}

/** The same, as far as it was given. */
export interface ResolvedTransactions {
  readonly scope: TransactionScope | undefined;
  readonly inbox: ResolvedInbox | undefined;
}

const CHECKS: OptionChecks<TransactionsOptions> = {
  scope: (value) =>
    isOptionsObject(value) && 'run' in value && typeof value.run === 'function'
      ? undefined
      : `which is ${describeValue(value)} without the method run()`,
  inbox: checkedBelow,
};

const INBOX_CHECKS: OptionChecks<InboxOptions> = {
  store: (value) =>
    isOptionsObject(value) && 'record' in value && typeof value.record === 'function'
      ? undefined
      : `which is ${describeValue(value)} without the method record()`,
  retentionMs: (value) =>
    Number.isSafeInteger(value) && Number(value) >= 1
      ? undefined
      : `which is ${describeValue(value)}, not a whole number of milliseconds from 1`,
};

const RETENTION_MS = 604_800_000;

/** Adds what is wrong to the mistakes; of what is wrong nothing is used. */
export function resolveTransactions(
  given: TransactionsOptions | undefined,
  mistakes: WiringMistake[],
): ResolvedTransactions {
  if (given === undefined) return { scope: undefined, inbox: undefined };
  const owner = { label: 'The option "transactions" of DispatchModule' };
  const { options, mistakes: wrong } = checkOptions<TransactionsOptions>(owner, given, CHECKS);
  mistakes.push(...wrong);
  return { scope: options.scope, inbox: options.inbox && inboxOf(options.inbox, mistakes) };
}

function inboxOf(given: InboxOptions, mistakes: WiringMistake[]): ResolvedInbox | undefined {
  const owner = { label: 'The option "transactions.inbox" of DispatchModule' };
  const { options, mistakes: wrong } = checkOptions<InboxOptions>(owner, given, INBOX_CHECKS);
  mistakes.push(...wrong);
  const { store, retentionMs = RETENTION_MS } = options;
  if (store === undefined) {
    if (wrong.length === 0) mistakes.push({ rule: 'invalid-options', text: `${owner.label} has no "store".` });
    return undefined;
  }
  return { store, retentionMs };
}

/** Its own options are looked at one by one. */
function checkedBelow(): undefined {
  return undefined;
}
