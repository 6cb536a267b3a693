import type { HandlerContext, MessageContext } from '../../message/message-context.js';
import type { Next, PipelineBehavior } from '../behavior.js';
import { storeKey } from './idempotency-keys.js';
import { resolveTimes, type IdempotencyTimes } from './idempotency.options.js';
import type { IdempotentCalls } from './idempotent-calls.js';
import type { IdempotentOptions } from './idempotent.decorator.js';

/** Has a handler run once per key. It is put around handlers by itself where they are `@Idempotent`. */
export class IdempotencyBehavior implements PipelineBehavior {
  private readonly times: IdempotencyTimes;

  constructor(
    private readonly calls: IdempotentCalls,
    private readonly options: IdempotentOptions,
  ) {
    this.times = resolveTimes(options, calls.defaults);
  }

  /** @throws DISPATCH_INVALID_IDEMPOTENCY_KEY, DISPATCH_IDEMPOTENCY_TIMEOUT, DISPATCH_IDEMPOTENCY_LOCK_LOST */
  async handle(context: HandlerContext, next: Next): Promise<unknown> {
    // Behaviors are given contexts that the dispatcher made, and no others.
    const own = context as MessageContext;
    // The decorator's type says that the function takes the messages of its handler.
    const keyOf = (this.options.key ?? byMessage) as (message: object, context: HandlerContext) => string;
    return this.calls.run(own, {
      ...this.times,
      key: storeKey('call', `The idempotency key of ${own.handler.name} for "${own.name}"`, own, [
        keyOf(own.message, own),
      ]),
      run: next,
      isWhole: true,
      unfinished: () => own.unfinished,
    });
  }
}

function byMessage(_message: object, { idempotencyKey }: HandlerContext): string {
  return idempotencyKey;
}
