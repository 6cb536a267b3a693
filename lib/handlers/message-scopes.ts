import { Injectable } from '@nestjs/common';
import { ContextIdFactory, ModuleRef, type ContextId } from '@nestjs/core';

import { AsyncContext } from '../message/async-context.js';
import type { Envelope } from '../message/envelope.js';
import { MessageContext } from '../message/message-context.js';

/**
 * One dependency-injection scope per message: all request-scoped handlers of a message share it, and `REQUEST` in it is
 * the context of the message, or the `AsyncContext` that the sender attached.
 */
@Injectable()
export class MessageScopes {
  private readonly scopes = new WeakMap<Envelope, ContextId>();

  constructor(private readonly moduleRef: ModuleRef) {}

  scopeOf(context: MessageContext): ContextId {
    const known = this.scopes.get(context.envelope);
    if (known !== undefined) return known;
    const scope = this.makeScope(context);
    this.scopes.set(context.envelope, scope);
    return scope;
  }

  private makeScope(context: MessageContext): ContextId {
    const shared = AsyncContext.of(context.message);
    if (shared !== undefined && !isFromEarlierSend(shared, context)) {
      this.moduleRef.registerRequestByContextId(shared.request ?? shared, shared.id);
      return shared.id;
    }
    const scope = ContextIdFactory.getByRequest(context);
    this.moduleRef.registerRequestByContextId(context, scope);
    new AsyncContext(scope, context).attachTo(context.message);
    return scope;
  }
}

/** Whether the scope was made here when the same object was sent before: sent again, it is another message. */
function isFromEarlierSend({ request }: AsyncContext, { message, envelope }: MessageContext): boolean {
  return request instanceof MessageContext && request.message === message && request.envelope !== envelope;
}
