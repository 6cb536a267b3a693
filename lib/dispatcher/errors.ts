import { DispatchError, errorText, markDispatchError } from '../common/dispatch-error.js';

/** A message was sent with options that cannot be kept. */
export class InvalidSendOptionsError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_SEND_OPTIONS';

  constructor(
    readonly messageName: string,
    readonly problem: string,
  ) {
    super(`"${messageName}" was not sent: ${problem}.`);
  }
}

/** One handler of an event threw; `cause` is what it threw. */
export class EventHandlerFailedError extends DispatchError {
  readonly code = 'DISPATCH_EVENT_HANDLER_FAILED';

  constructor(
    readonly handlerName: string,
    readonly messageName: string,
    readonly messageId: string,
    cause: unknown,
  ) {
    super(`${handlerName} failed at the event "${messageName}" (${messageId}): ${errorText(cause)}`, { cause });
  }
}

/** Some handlers of an event threw; `errors` has one error for each, and the others were not affected. */
export class EventHandlingError extends AggregateError {
  readonly code = 'DISPATCH_EVENT_HANDLING';

  constructor(
    readonly messageName: string,
    override readonly errors: unknown[],
    handlerCount: number,
  ) {
    const lines = errors.map(errorText);
    super(errors, `${errors.length} of ${handlerCount} reactions to "${messageName}" failed: ${lines.join('; ')}`);
    this.name = new.target.name;
    markDispatchError(this);
  }
}
