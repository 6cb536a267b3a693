import { ContextIdFactory, type ContextId } from '@nestjs/core';

const attached = new WeakMap<object, AsyncContext>();

/**
 * A dependency-injection scope that several messages share, as in `@nestjs/cqrs`: pass it to a bus, and request-scoped
 * handlers are resolved in it and may inject it as `REQUEST`. The link to a message is kept beside it, never on it.
 */
export class AsyncContext {
  constructor(
    /** The scope in Nest's injector. Default: a new one. */
    readonly id: ContextId = ContextIdFactory.create(),
    /** What `REQUEST` is in this scope. Default: this object. */
    readonly request?: object | undefined,
  ) {}

  /** Makes this the scope of a message. */
  attachTo(target: object): void {
    attached.set(target, this);
  }

  static isAttached(target: object): boolean {
    return attached.has(target);
  }

  /** Gives `to` the scope of `from`, if that has one. */
  static merge(from: object, to: object): void {
    const context = attached.get(from);
    if (context !== undefined) attached.set(to, context);
  }

  /** The scope of a message, if one was attached. */
  static of(target: object): AsyncContext | undefined {
    return attached.get(target);
  }
}
