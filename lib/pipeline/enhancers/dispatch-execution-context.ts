import type { ArgumentsHost } from '@nestjs/common';

import type { HandlerContext } from '../../message/message-context.js';

/** What `getType()` of Nest's contexts answers where a message is handled. */
export type DispatchContextType = 'dispatch';

/**
 * The arguments of a handler, typed, for a guard, interceptor or exception filter. Class and method are asked of the
 * `ExecutionContext` itself, as anywhere in Nest.
 *
 * @example
 * ```ts
 * @Injectable()
 * class Staff implements CanActivate {
 *   canActivate(context: ExecutionContext): boolean {
 *     return DispatchExecutionContext.from(context)?.getContext().headers.user === 'ada';
 *   }
 * }
 * ```
 */
export class DispatchExecutionContext<M extends object = object> {
  private constructor(private readonly host: ArgumentsHost) {}

  /** Sees the message in a context of Nest; undefined where something else than a message is handled, such as a request. */
  static from<M extends object = object>(host: ArgumentsHost): DispatchExecutionContext<M> | undefined {
    return host.getType<DispatchContextType>() === 'dispatch' ? new DispatchExecutionContext<M>(host) : undefined;
  }

  /** The message as it was sent: pipes come later. */
  getMessage(): M {
    return this.host.getArgByIndex<M>(0);
  }

  /** The context that the handler is given beside its message. */
  getContext(): HandlerContext<M> {
    return this.host.getArgByIndex<HandlerContext<M>>(1);
  }
}
