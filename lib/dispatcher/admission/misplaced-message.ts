import { classOf, Command, Event, Query } from '../../message/message.js';
import type { Routes } from '../routes.js';

/** Why a value cannot be a message at all; undefined where it can. */
export function noMessageProblem(value: unknown): string | undefined {
  if (typeof value === 'function') return 'the class itself was sent, send an instance of it';
  return typeof value === 'object' && value !== null ? undefined : 'a message is an object made by its class';
}

/** What is most likely wrong with a command or query that has no handler; undefined where that is simply missing. */
export function adviceForUnhandled(kind: 'command' | 'query', message: unknown, routes: Routes): string | undefined {
  const problem = noMessageProblem(message);
  if (problem !== undefined || typeof message !== 'object' || message === null) return problem;
  const type = classOf(message);
  const other = kind === 'command' ? 'query' : 'command';
  const otherDoor = kind === 'command' ? 'query()' : 'execute()';
  if (routes.single(other, type) !== undefined) return `it has a ${other} handler, so send it with ${otherDoor}`;
  if (message instanceof (kind === 'command' ? Query : Command)) {
    const decorator = kind === 'command' ? '@QueryHandler' : '@CommandHandler';
    return `it is a ${other}, so add a class with ${decorator}(${type.name}) and send it with ${otherDoor}`;
  }
  if (message instanceof Event || routes.event(type).handlers.length > 0) {
    return 'it is an event, so send it with publish()';
  }
  if (type !== Object) return undefined;
  return 'a plain object was sent, send an instance of the message class; for a request body, ValidationPipe({ transform: true }) makes one';
}

/** Why a message that no event handler takes should not have been published; undefined where it may be. */
export function adviceForUnheard(message: object): string | undefined {
  if (message instanceof Command) return 'it is a command, so send it with execute()';
  return message instanceof Query ? 'it is a query, so send it with query()' : undefined;
}
