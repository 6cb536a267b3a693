import { once } from 'node:events';

import { Behavior, type HandlerContext, type Next, type PipelineBehavior } from 'nestjs-dispatch';

import { CRASH_AT } from './settings.js';

/**
 * Holds a command where a crash hurts most: its effect is there, but the queue has not been told. The process tells its
 * parent, which kills it, or lets it go on because another worker came first.
 */
@Behavior({ kinds: ['command'] })
export class CrashPoint implements PipelineBehavior {
  private startedCount = 0;

  async handle(_context: HandlerContext, next: Next): Promise<unknown> {
    this.startedCount += 1;
    const isHeld = this.startedCount === CRASH_AT;
    const result = await next();
    if (!isHeld) return result;
    process.send?.({ type: 'in-handler' });
    await once(process, 'message');
    return result;
  }
}
