import { describeKind } from '../../common/describe-value.js';
import type { MessageContext } from '../../message/message-context.js';
import { InvalidIdempotencyKeyError } from './errors.js';

const MAX_KEY_LENGTH = 1024;

/**
 * The key of a call in the store: apart from those of every other handler, and of one handler's other messages.
 *
 * @param subject what the last of `parts` is, for the error
 * @throws DISPATCH_INVALID_IDEMPOTENCY_KEY
 */
export function storeKey(
  kind: 'call' | 'once',
  subject: string,
  { handler, name }: MessageContext,
  parts: readonly string[],
): string {
  const own: unknown = parts.at(-1);
  if (typeof own !== 'string') throw new InvalidIdempotencyKeyError(subject, describeKind(own));
  if (own.length < 1 || own.length > MAX_KEY_LENGTH) {
    throw new InvalidIdempotencyKeyError(subject, `a text of ${own.length} characters`);
  }
  // As JSON no part can be taken for another, and every store can keep it.
  return kind + JSON.stringify([handler.key, name, ...parts]);
}
