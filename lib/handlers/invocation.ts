import type { MessageContext } from '../message/message-context.js';
import type { DiscoveredProvider } from './discovered-provider.js';
import type { MessageScopes } from './message-scopes.js';

/** Handles one message and returns what the handler returns: a value or a promise. May throw. */
export type Invoke = (context: MessageContext) => unknown;

/** Calls the handling method of one instance with a message; what stands around the method is already inside. */
export type InvokeInstance = (instance: object, message: object, context: MessageContext) => unknown;

/** Makes the innermost step of a pipeline: finds the instance for the message and calls it. */
export function invokeProvider(provider: DiscoveredProvider, scopes: MessageScopes, call: InvokeInstance): Invoke {
  if (provider.isStatic) {
    const instance = provider.instance;
    return (context) => call(instance, context.message, context);
  }
  return async (context) => call(await provider.resolve(scopes.scopeOf(context)), context.message, context);
}
