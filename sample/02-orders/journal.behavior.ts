import { Behavior, type HandlerContext, type Next, type PipelineBehavior } from 'nestjs-dispatch';

import { Journal } from './journal.js';

/**
 * Runs around every command handler. The user is the one of the HTTP request, also where a saga sent the command: headers
 * are carried from message to message.
 */
@Behavior({ kinds: ['command'] })
export class JournalBehavior implements PipelineBehavior {
  constructor(private readonly journal: Journal) {}

  async handle(context: HandlerContext, next: Next): Promise<unknown> {
    const title = `command ${context.name} for ${context.headers['user']}`;
    this.journal.write(title);
    try {
      return await next();
    } catch (error) {
      this.journal.write(`${title} failed: ${String(error)}`);
      throw error;
    }
  }
}
