import type { Type } from '@nestjs/common';
import {
  CommandHandler,
  EventsHandler,
  QueryHandler,
  type EventsHandlerOptions,
  type HandlerContext,
  type HandlerOptions,
  type MessageClass,
} from 'nestjs-dispatch';

/** What handles a message in a test. */
export type Handle<M extends object> = (message: M, context: HandlerContext) => unknown;

/** Makes a class that handles a command with a function. It is called as the command, and `Handler`. */
export function commandHandler<C extends object>(
  command: MessageClass<C>,
  execute: Handle<C>,
  options?: HandlerOptions,
): Type<object> {
  @CommandHandler(command as MessageClass, options)
  class Handler {
    execute(message: object, context: HandlerContext): unknown {
      return execute(message as C, context);
    }
  }
  return named(Handler, `${command.name}Handler`);
}

/** The same for a query. */
export function queryHandler<Q extends object>(
  query: MessageClass<Q>,
  execute: Handle<Q>,
  options?: HandlerOptions,
): Type<object> {
  @QueryHandler(query as MessageClass, options)
  class Handler {
    execute(message: object, context: HandlerContext): unknown {
      return execute(message as Q, context);
    }
  }
  return named(Handler, `${query.name}Handler`);
}

/** The same for an event. `name` is the class name, by default that of the event, and `Listener`. */
export function eventHandler<E extends object>(
  event: MessageClass<E>,
  handle: Handle<E>,
  { name = `${event.name}Listener`, ...options }: EventsHandlerOptions & { readonly name?: string } = {},
): Type<object> {
  @EventsHandler(event as MessageClass, options)
  class Handler {
    handle(message: object, context: HandlerContext): unknown {
      return handle(message as E, context);
    }
  }
  return named(Handler, name);
}

function named(type: Type<object>, name: string): Type<object> {
  Object.defineProperty(type, 'name', { value: name });
  return type;
}
