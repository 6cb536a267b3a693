import { describeKind } from '../../../common/describe-value.js';
import { delay } from '../../../common/promises.js';
import { MAX_TIMEOUT_MS } from '../../../common/timeout.js';
import type { HandlerContext, MessageContext } from '../../../message/message-context.js';
import type { Next, PipelineBehavior } from '../../behavior.js';
import { InvalidRateLimitKeyError, RateLimitExceededError, RateLimitUnavailableError } from './errors.js';
import type { RateLimitOptions } from './rate-limit.decorator.js';
import type { RateLimitStore } from './rate-limit-store.port.js';

const MAX_KEY_LENGTH = 1024;
/** How long a message from a queue waits whose store does not answer, in milliseconds. */
const UNAVAILABLE_MS = 1000;

/** Lets messages through to a handler as its limit allows. It is put around handlers by itself: see `@RateLimit`. */
export class RateLimitBehavior implements PipelineBehavior {
  constructor(
    private readonly store: RateLimitStore,
    private readonly options: RateLimitOptions,
  ) {}

  /** @throws DISPATCH_RATE_LIMITED, DISPATCH_RATE_LIMIT_UNAVAILABLE, DISPATCH_INVALID_RATE_LIMIT_KEY */
  async handle(context: HandlerContext, next: Next): Promise<unknown> {
    // Behaviors are given contexts that the dispatcher made, and no others.
    const own = context as MessageContext;
    const key = this.keyOf(own);
    if (key !== undefined) await this.admit(own, key);
    return next();
  }

  private async admit(context: MessageContext, key: string): Promise<void> {
    const { waitMs = 30_000, whenExceeded } = this.options;
    const isQueued = context.queue !== undefined;
    const waits = whenExceeded === 'wait' && !isQueued;
    const endsAt = performance.now() + waitMs;
    for (;;) {
      const comesWithinMs = isQueued ? MAX_TIMEOUT_MS : waits ? Math.max(0, endsAt - performance.now()) : 0;
      const leftMs = Math.min(await this.take(context, key, comesWithinMs), MAX_TIMEOUT_MS);
      if (leftMs <= 0) return;
      if (!waits || performance.now() + leftMs > endsAt) {
        throw this.refuse(context, new RateLimitExceededError(this.nameFor(context), leftMs), leftMs);
      }
      await delay(leftMs, context.signal);
      context.signal.throwIfAborted();
    }
  }

  private async take(context: MessageContext, key: string, comesAgainWithinMs: number): Promise<number> {
    const { max, durationMs = 1000 } = this.options;
    try {
      return await this.store.take({ key, max, durationMs, comesAgainWithinMs });
    } catch (cause) {
      throw this.refuse(context, new RateLimitUnavailableError(this.nameFor(context), { cause }), UNAVAILABLE_MS);
    }
  }

  /** The key in the store; undefined where the message is not limited. @throws DISPATCH_INVALID_RATE_LIMIT_KEY */
  private keyOf(context: MessageContext): string | undefined {
    const { name } = this.options;
    // The decorator's type says that the function takes the messages of its handler; what it gives is looked at.
    const read = this.options.key as ((message: object, context: HandlerContext) => unknown) | undefined;
    const own = read === undefined ? '' : read(context.message, context);
    if (own === undefined) return undefined;
    const limit = name === undefined ? [context.handler.key, context.name] : [name];
    if (typeof own !== 'string') throw new InvalidRateLimitKeyError(this.nameFor(context), describeKind(own));
    if (own.length > MAX_KEY_LENGTH || (own === '' && read !== undefined)) {
      throw new InvalidRateLimitKeyError(this.nameFor(context), `a text of ${own.length} characters`);
    }
    // As JSON no part can be taken for another, and every store can keep it.
    return JSON.stringify([...limit, own]);
  }

  private nameFor({ handler }: MessageContext): string {
    return this.options.name ?? handler.name;
  }

  private refuse<E extends Error>(context: MessageContext, error: E, delayMs: number): E {
    context.refusal = { error, delayMs, rests: 'message' };
    return error;
  }
}
