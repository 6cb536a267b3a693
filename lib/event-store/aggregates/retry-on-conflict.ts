import { describeValue } from '../../common/describe-value.js';
import { isDispatchError } from '../../common/dispatch-error.js';
import { InvalidAggregateError } from '../errors.js';
import type { WriteOptions } from '../event-writer.js';

/** How a state is loaded, changed and saved in one go. */
export interface UpdateOptions<Transaction = unknown> extends WriteOptions<Transaction> {
  /**
   * How often it is done again, with the state as it is then, where somebody else was faster; from 0. Default 0. What is done
   * must bear to be repeated. In a transaction of the caller it has no meaning beyond what that can read.
   */
  readonly retryOnConflict?: number | undefined;
}

/** Does something once, and again for each conflict that is left. One of those who conflict always gets through, so it need not wait. */
export async function retryingOnConflict<R>(
  label: string,
  { retryOnConflict = 0 }: UpdateOptions,
  attempt: () => Promise<R>,
): Promise<R> {
  if (!Number.isSafeInteger(retryOnConflict) || retryOnConflict < 0) {
    const given = describeValue(retryOnConflict);
    throw new InvalidAggregateError(label, `was given ${given} as "retryOnConflict", not a whole number from 0`);
  }
  for (let left = retryOnConflict; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left <= 0 || !isDispatchError(error, 'DISPATCH_CONCURRENCY')) throw error;
    }
  }
}
