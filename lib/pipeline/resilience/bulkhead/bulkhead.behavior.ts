import type { HandlerContext, MessageContext } from '../../../message/message-context.js';
import type { Next, PipelineBehavior } from '../../behavior.js';
import type { BulkheadOptions } from './bulkhead.decorator.js';
import { BulkheadFullError } from './errors.js';
import type { Slots } from './slots.js';

/** Lets as many messages through to a handler at once as there are slots. It is put around handlers by itself: see `@Bulkhead`. */
export class BulkheadBehavior implements PipelineBehavior {
  constructor(
    private readonly slots: Slots,
    private readonly options: BulkheadOptions,
  ) {}

  /** @throws DISPATCH_BULKHEAD_FULL */
  async handle(context: HandlerContext, next: Next): Promise<unknown> {
    // Behaviors are given contexts that the dispatcher made, and no others.
    const own = context as MessageContext;
    await this.enter(own);
    try {
      return await next();
    } finally {
      this.leave(own);
    }
  }

  private async enter(context: MessageContext): Promise<void> {
    const isPatient = context.queue !== undefined;
    const answer = await this.slots.enter({ signal: () => context.signal, isPatient });
    if (answer === 'entered') return;
    if (answer === 'aborted') context.signal.throwIfAborted();
    const { name = context.handler.name, limit, queueLimit = 0 } = this.options;
    const error = new BulkheadFullError(name, limit, queueLimit);
    // From a queue it is refused only where the application is about to stop, so it goes back at once.
    context.refusal = { error, delayMs: 1, rests: 'message' };
    throw error;
  }

  /** A handler that goes on after its time limit has its slot until it ends. */
  private leave({ unfinished }: MessageContext): void {
    const leave = (): void => this.slots.leave();
    if (unfinished === undefined) leave();
    else void unfinished.then(leave, leave);
  }
}
