import { Logger } from '@nestjs/common';

import { isPromiseLike } from '../common/promises.js';
import type { AsyncContext } from '../message/async-context.js';
import type { SendOptions } from '../message/message-context.js';
import { contextArgument } from './context-argument.js';

/**
 * Attaches the scope, tells the custom publisher, sends. What the publisher throws becomes a rejection; its promise is
 * not waited for, so a failure of that is logged.
 */
export async function sendThrough<R>(
  publisher: { publish(message: object): unknown } | undefined,
  message: object,
  options: SendOptions | AsyncContext | undefined,
  send: (options: SendOptions | undefined) => Promise<R>,
): Promise<R> {
  const given = contextArgument(options);
  given?.scope?.attachTo(message);
  const told = publisher?.publish(message);
  if (isPromiseLike(told)) Promise.resolve(told).catch(publisherFailed);
  return send(given === undefined ? (options as SendOptions | undefined) : given.options);
}

function publisherFailed(error: unknown): void {
  new Logger('Dispatch').error('A custom publisher has failed.', error);
}
