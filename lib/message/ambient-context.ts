import { AsyncLocalStorage } from 'node:async_hooks';

import { Injectable, Scope } from '@nestjs/common';

import type { MessageContext } from './message-context.js';

/**
 * Keeps the context of the message being handled for everything its handler calls, awaits and schedules. It is kept from
 * the moment somebody can see it: a handler, behavior or hook that takes a context, a request-scoped handler, an observer
 * of notifications, or a provider that injects {@link AmbientContext}. Until then it would only cost: Node's
 * AsyncLocalStorage, once used, slows every promise of the process down.
 *
 * @see https://nodejs.org/api/async_hooks.html#class-promisehook
 */
export class AmbientStore {
  private readonly storage = new AsyncLocalStorage<MessageContext>();
  private isWanted = false;
  private isClosed = false;

  /** @param isAllowed false where the application passes contexts on by itself */
  constructor(private readonly isAllowed: boolean) {}

  /** Whether the context is kept for messages that are dispatched now. */
  get isKept(): boolean {
    return this.isWanted;
  }

  /** Says that somebody can see the context, from the next message on. */
  want(): void {
    this.isWanted = this.isAllowed;
  }

  /** The context of the message being handled here; undefined outside a handler and while it is not kept. */
  current(): MessageContext | undefined {
    return this.isWanted && !this.isClosed ? this.storage.getStore() : undefined;
  }

  /** Calls `work(context)`, with `context` as the current one where it is kept. */
  run<T>(context: MessageContext, work: (context: MessageContext) => T): T {
    return this.isWanted && !this.isClosed ? this.storage.run(context, work, context) : work(context);
  }

  /** Keeps nothing more: a storage that is not disabled costs every promise of the process for as long as that lives. */
  close(): void {
    this.isClosed = true;
    this.storage.disable();
  }
}

/**
 * Gives the context of the message being handled to a provider that is not handed it: a logger, a repository, a client
 * that adds headers. Each consumer gets an instance of its own, so take it from the application with
 * `await app.resolve(AmbientContext)`, not `app.get()`; with `context: 'explicit'` there is never a context.
 *
 * @example
 * ```ts
 * constructor(private readonly ambient: AmbientContext) {}
 * log(text: string) { console.log(this.ambient.current?.correlationId, text); }
 * ```
 */
@Injectable({ scope: Scope.TRANSIENT })
export class AmbientContext {
  constructor(private readonly store: AmbientStore) {
    store.want();
  }

  /** The context of the message whose handler is running here, however deep; undefined outside a handler. */
  get current(): MessageContext | undefined {
    return this.store.current();
  }
}
