import { isPromiseLike } from '../../common/promises.js';
import type { HandlerContext } from '../../message/message-context.js';
import type { MessageValidator } from '../../message/validation/message-validators.js';
import type { Next, PipelineBehavior } from '../behavior.js';

/**
 * Checks a message against the rules of its class before the handler sees it. It is put around handlers of messages
 * that have rules, and only those, by itself; `@SkipBehavior(ValidationBehavior)` on the message class turns it off.
 */
export class ValidationBehavior implements PipelineBehavior {
  constructor(private readonly validate: MessageValidator) {}

  /** @throws DISPATCH_INVALID_MESSAGE listing the violations, up to 100; the handler has not run. */
  handle(context: HandlerContext, next: Next): Promise<unknown> {
    const checked = this.validate(context.message);
    return isPromiseLike(checked) ? nextAfter(checked, next) : next();
  }
}

async function nextAfter(checked: PromiseLike<void>, next: Next): Promise<unknown> {
  await checked;
  return next();
}
