import { Injectable, type InjectableOptions } from '@nestjs/common';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import 'reflect-metadata';

import { isOptionsObject } from '../common/describe-value.js';
import type { MessagePriority } from '../message/envelope.js';
import type { MessageClass, MessageKind } from '../message/message.js';
import type { RunMode } from '../message/run-mode.js';
import type { ICommandHandler, IEventHandler, IQueryHandler } from './handler-contracts.js';

const HANDLES = Symbol.for('nestjs-dispatch/handles');

/** Options of {@link CommandHandler} and {@link QueryHandler}; `scope` and `durable` are Nest's own. */
export interface HandlerOptions extends InjectableOptions {
  /** Router keys that reach this handler beside its message's name. */
  readonly keys?: readonly string[];
  /** Where the handler runs. Default: what the module says. */
  readonly runMode?: RunMode;
  /** The queue its messages go through; means `RunMode.Async` where no run mode is given. Default: what the module says. */
  readonly queue?: string;
  /** How urgent its messages are in the queue. Default `'normal'`. */
  readonly priority?: MessagePriority;
  /**
   * How long the handler may take, in milliseconds from its start; 0 means no limit. Default: what the module says, and
   * behind a queue what the queue says.
   */
  readonly timeoutMs?: number;
  /** A Standard Schema the message must satisfy before this handler sees it, beside the message's own rules. */
  readonly schema?: StandardSchemaV1;
  /** Replaces another handler of the same command or query, where two without it are a wiring mistake. Default false. */
  readonly override?: boolean;
}

/** When a handler of events runs, seen from the transaction that the event is published in. */
export type EventPhase = 'beforeCommit' | 'afterCommit' | 'afterRollback';

/** Options of {@link EventsHandler}. */
export interface EventsHandlerOptions extends Omit<HandlerOptions, 'override'> {
  /**
   * Also handles subclasses of the named events. Handlers of the event's own class come first, then those of its base
   * classes, nearest first; within one class in the order of registration. Default false.
   */
  readonly polymorphic?: boolean;
  /**
   * When it runs where the event is published in a transaction, in the caller's turn. `'beforeCommit'`: in the transaction, once its
   * work is done; where the handler fails, all is rolled back. `'afterCommit'`: once it is committed. `'afterRollback'`: once it is rolled
   * back, or it is not known whether it was committed. Outside of a transaction the first two run at once, and the third never does. Behind
   * a queue there is only `'afterCommit'`. Default `'afterCommit'`.
   */
  readonly phase?: EventPhase;
}

/** What one handler decorator wrote on a class. */
export interface HandlerDeclaration {
  readonly kind: MessageKind;
  /** As written: an entry is undefined where an import cycle left the class unset. */
  readonly messages: readonly unknown[];
  readonly options: HandlerOptions & EventsHandlerOptions;
}

type ClassOf<T> = abstract new (...args: never[]) => T;
type InstanceOf<C> = C extends (abstract new (...args: never[]) => infer I extends object) ? I : never;

/**
 * Makes a provider the handler of one command. The class has a method `execute(command, context)`.
 *
 * @example
 * ```ts
 * @CommandHandler(PlaceOrder)
 * class PlaceOrderHandler implements ICommandHandler<PlaceOrder> {
 *   async execute(command: PlaceOrder, context: HandlerContext) {
 *     await context.publish(new OrderPlaced(command.orderId));
 *     return { orderId: command.orderId };
 *   }
 * }
 * ```
 */
export function CommandHandler<C extends object>(command: MessageClass<C>, options: HandlerOptions = {}) {
  return (target: ClassOf<ICommandHandler<C>>): void =>
    declare(target, { kind: 'command', messages: [command], options });
}

/** Makes a provider the handler of one query. The class has a method `execute(query, context)`. */
export function QueryHandler<Q extends object>(query: MessageClass<Q>, options: HandlerOptions = {}) {
  return (target: ClassOf<IQueryHandler<Q>>): void => declare(target, { kind: 'query', messages: [query], options });
}

/**
 * Makes a provider a handler of one or more events. The class has a method `handle(event, context)`; options come last.
 *
 * @example
 * ```ts
 * @EventsHandler(OrderPlaced, OrderCancelled)
 * class OrderMailer implements IEventHandler<OrderPlaced | OrderCancelled> {
 *   async handle(event: OrderPlaced | OrderCancelled) {}
 * }
 * ```
 */
export function EventsHandler<A extends readonly (MessageClass | EventsHandlerOptions)[]>(...eventsAndOptions: A) {
  const last = eventsAndOptions.at(-1);
  const options = typeof last === 'object' && !Array.isArray(last) ? last : undefined;
  const messages = options === undefined ? eventsAndOptions : eventsAndOptions.slice(0, -1);
  return (target: ClassOf<IEventHandler<InstanceOf<A[number]>>>): void =>
    declare(target, { kind: 'event', messages, options: options ?? {} });
}

/** What the handler decorators wrote on this very class; empty for any other. */
export function handlerDeclarationsOf(target: object): readonly HandlerDeclaration[] {
  return (Reflect.getOwnMetadata(HANDLES, target) as HandlerDeclaration[] | undefined) ?? [];
}

function declare(target: ClassOf<unknown>, declaration: HandlerDeclaration): void {
  Reflect.defineMetadata(HANDLES, [...handlerDeclarationsOf(target), declaration], target);
  if (!isOptionsObject(declaration.options)) return;
  const { scope, durable } = declaration.options;
  if (scope === undefined && durable === undefined) return;
  Injectable({ ...(scope !== undefined && { scope }), ...(durable !== undefined && { durable }) })(target);
}
