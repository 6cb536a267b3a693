import type { AmbientStore } from '../../message/ambient-context.js';
import type { EnvelopeOptions } from '../../message/envelope.js';
import { MessageContext, type SendOptions } from '../../message/message-context.js';

/** The context that a message is sent from: the one that is said, else that of the handler which is running; undefined outside of handlers. */
export function parentOf(options: SendOptions | undefined, ambient: AmbientStore): MessageContext | undefined {
  const given = options?.context;
  return given instanceof MessageContext ? given : ambient.current();
}

/** What is said of a message, for its envelope: one that kept the context it was sent from would keep all that led to it. */
export function withoutContext(options: SendOptions | undefined): EnvelopeOptions | undefined {
  if (options?.context === undefined) return options;
  const { context: _context, ...kept } = options;
  return kept;
}
