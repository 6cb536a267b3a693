import { DispatchError } from '../../../common/dispatch-error.js';

/** As many calls as may run at once do so, and as many as may wait: the handler was not called. */
export class BulkheadFullError extends DispatchError {
  readonly code = 'DISPATCH_BULKHEAD_FULL';

  constructor(
    /** The name of the bulkhead, or the class of the handler it belongs to. */
    readonly bulkhead: string,
    readonly limit: number,
    readonly queueLimit: number,
  ) {
    super(
      `The bulkhead "${bulkhead}" is full, with ${limit} calls running and ${queueLimit} waiting: try again later.`,
    );
  }
}
