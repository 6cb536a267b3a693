import { AsyncContext } from '../message/async-context.js';
import type { SendOptions } from '../message/message-context.js';

/** Attaches the scope, tells the custom publisher, sends; what the publisher throws becomes a rejection. */
export async function sendThrough<R>(
  publisher: { publish(message: object): unknown } | undefined,
  message: object,
  options: SendOptions | AsyncContext | undefined,
  send: (options: SendOptions | undefined) => Promise<R>,
): Promise<R> {
  const isScope = options instanceof AsyncContext;
  if (isScope) options.attachTo(message);
  publisher?.publish(message);
  return send(isScope ? undefined : options);
}
