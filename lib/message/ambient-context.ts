import { AsyncLocalStorage } from 'node:async_hooks';

import type { MessageContext } from './message-context.js';

const ambient = new AsyncLocalStorage<MessageContext>();

/**
 * The context of the message being handled here, however deep in the calls of its handler; undefined outside a handler
 * and where the module runs with `context: 'explicit'`. Made for loggers and for what cannot be injected.
 */
export function currentContext(): MessageContext | undefined {
  return ambient.getStore();
}

/** Calls `work(context)` with `context` as the current one for all it calls, awaits and schedules. */
export function runInContext<T>(context: MessageContext, work: (context: MessageContext) => T): T {
  return ambient.run(context, work, context);
}
