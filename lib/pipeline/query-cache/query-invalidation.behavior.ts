import type { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { HandlerContext, MessageContext } from '../../message/message-context.js';
import type { Next, PipelineBehavior } from '../behavior.js';
import type { QueryInvalidation, QueryInvalidationRule } from './invalidates-queries.decorator.js';
import type { QueryCache } from './query-cache.js';

/** Drops results of queries once a handler has succeeded. It is put around handlers by itself: see `@InvalidatesQueries`. */
export class QueryInvalidationBehavior implements PipelineBehavior {
  constructor(
    private readonly cache: QueryCache,
    private readonly rules: readonly QueryInvalidationRule[],
    private readonly logger: Pick<Logger, 'error'>,
  ) {}

  async handle(context: HandlerContext, next: Next): Promise<unknown> {
    try {
      const result = await next();
      this.drop(context, result);
      return result;
    } catch (error) {
      // Its time is over, and its work goes on: what that comes to makes results old just so.
      const { unfinished } = context as MessageContext;
      unfinished?.then(
        (result) => this.drop(context, result),
        () => 'nothing has changed',
      );
      throw error;
    }
  }

  private drop({ message, name, id }: HandlerContext, result: unknown): void {
    for (const rule of this.rules) {
      try {
        for (const meant of meantBy(rule, message, result)) this.cache.invalidate(meant);
      } catch (error) {
        // The work is done: what is wrong here must not have it done again.
        this.logger.error(`"${name}" (${id}) was handled, and could not drop results of queries: ${errorText(error)}`);
      }
    }
  }
}

function meantBy(rule: QueryInvalidationRule, message: object, result: unknown): readonly QueryInvalidation[] {
  if (typeof rule !== 'function') return [rule];
  // The decorator's type says that the function takes the messages of its handler, and what it returns.
  const given = (rule as (message: object, result: unknown) => QueryInvalidation | readonly QueryInvalidation[])(
    message,
    result,
  );
  return isList(given) ? given : [given];
}

function isList(given: QueryInvalidation | readonly QueryInvalidation[]): given is readonly QueryInvalidation[] {
  return Array.isArray(given);
}
