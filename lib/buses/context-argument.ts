import { AsyncContext } from '../message/async-context.js';
import { MessageContext, type SendOptions } from '../message/message-context.js';

/** What an argument of a bus says of the scope to share and the message to send from. */
export interface ContextArgument {
  readonly scope: AsyncContext | undefined;
  readonly options: SendOptions | undefined;
}

/**
 * Reads an argument that is a scope: an `AsyncContext`, or the context of a message, which is what a request-scoped
 * handler is injected as `REQUEST` and passes on as it would the other. Undefined for anything else.
 */
export function contextArgument(argument: unknown): ContextArgument | undefined {
  if (argument instanceof AsyncContext) return { scope: argument, options: undefined };
  if (!(argument instanceof MessageContext)) return undefined;
  return { scope: AsyncContext.of(argument.message), options: { context: argument } };
}
