import { isPromiseLike } from '../../common/promises.js';
import type { HandlerContext } from '../../message/message-context.js';
import type { MessageValidator } from '../../message/validation/message-validators.js';
import type { Next, PipelineBehavior } from '../behavior.js';
import type { TimeoutBehavior } from './timeout.behavior.js';

/**
 * Checks a message against the rules of its class before anything reads it: the handler, and the steps around it that
 * take keys out of it. It is put around handlers of messages that have rules, and only those, by itself;
 * `@SkipBehavior(ValidationBehavior)` on the message class turns it off.
 */
export class ValidationBehavior implements PipelineBehavior {
  /** @param limit of rules that answer with a promise, whose time is not the handler's; omitted means none */
  constructor(
    private readonly validate: MessageValidator,
    private readonly limit?: TimeoutBehavior,
  ) {}

  /**
   * @throws DISPATCH_INVALID_MESSAGE listing the violations, up to 100, and DISPATCH_HANDLER_TIMEOUT where rules take
   * longer than the handler may; the handler has not run.
   */
  handle(context: HandlerContext, next: Next): Promise<unknown> {
    const checked = this.validate(context.message);
    return isPromiseLike(checked) ? this.nextAfter(checked, context, next) : next();
  }

  private async nextAfter(checked: Promise<void>, context: HandlerContext, next: Next): Promise<unknown> {
    await (this.limit === undefined ? checked : this.limit.handle(context, () => checked));
    return next();
  }
}
