import 'reflect-metadata';

import type { HandlerContext } from '../message/message-context.js';
import type { MessageClass, MessageKind } from '../message/message.js';
import type { PipelineBehavior } from './behavior.js';

const BEHAVIOR = Symbol.for('nestjs-dispatch/behavior');
const USES = Symbol.for('nestjs-dispatch/use-behaviors');
const SKIPS = Symbol.for('nestjs-dispatch/skip-behavior');
const HOOKS = Symbol.for('nestjs-dispatch/hooks');

/** Options of {@link Behavior}. */
export interface BehaviorOptions {
  /**
   * Place in the pipeline: lower is further out, so it runs earlier on the way in and later on the way out. Equal ones
   * keep the order of registration. Default 0. The shipped ones are at -300 (logging), -280 (validation), -260 (query invalidation,
   * sequence), -250 (idempotency), -240 (rate limit), -230 (bulkhead), -220 (circuit breaker), -200 (timeout).
   */
  readonly priority?: number;
  /** `'all'` handlers (default), or only those that name the class in `@UseBehaviors`. */
  readonly appliesTo?: 'all' | 'named';
  /** Kinds of messages it is for; default all three. */
  readonly kinds?: readonly MessageKind[];
}

/** A class that is a behavior. */
export type BehaviorClass = abstract new (...args: never[]) => PipelineBehavior;

/** The hook methods of a handler class. */
export interface HandlerHooks {
  readonly before: readonly (string | symbol)[];
  readonly after: readonly (string | symbol)[];
}

/**
 * Makes a provider a behavior.
 *
 * @example
 * ```ts
 * @Behavior({ priority: 10, kinds: ['command'] })
 * class Audit implements PipelineBehavior {
 *   async handle(context: HandlerContext, next: Next) {
 *     const result = await next();
 *     this.log.write(context.name, context.headers.user);
 *     return result;
 *   }
 * }
 * ```
 */
export function Behavior(options: BehaviorOptions = {}) {
  return (target: BehaviorClass): void => Reflect.defineMetadata(BEHAVIOR, options, target);
}

/** Puts behaviors declared with `appliesTo: 'named'` around the handlers of this class. */
export function UseBehaviors(...behaviors: readonly BehaviorClass[]) {
  return (target: abstract new (...args: never[]) => object): void => Reflect.defineMetadata(USES, behaviors, target);
}

/** Exempts a message class from behaviors, shipped ones included, whichever handler it meets. */
export function SkipBehavior(...behaviors: readonly BehaviorClass[]) {
  return (target: MessageClass): void => Reflect.defineMetadata(SKIPS, behaviors, target);
}

/** Marks a method `(message, context)` of a handler class to run right before its handling method; a throw stops it. */
export function BeforeHandle() {
  return <M extends BeforeMethod>(
    prototype: object,
    method: string | symbol,
    _typed: TypedPropertyDescriptor<M>,
  ): void => addHook(prototype.constructor, 'before', method);
}

/** Marks a method `(result, context)` of a handler class to run right after its handling method has succeeded. */
export function AfterHandle() {
  return <M extends AfterMethod>(
    prototype: object,
    method: string | symbol,
    _typed: TypedPropertyDescriptor<M>,
  ): void => addHook(prototype.constructor, 'after', method);
}

/** What `@Behavior` says of this very class; undefined for a class without it. */
export function behaviorOptionsOf(target: object): BehaviorOptions | undefined {
  return Reflect.getOwnMetadata(BEHAVIOR, target) as BehaviorOptions | undefined;
}

/** The behaviors a handler class names in `@UseBehaviors`. */
export function usedBehaviorsOf(target: object): readonly BehaviorClass[] {
  return (Reflect.getOwnMetadata(USES, target) as BehaviorClass[] | undefined) ?? [];
}

/** The behaviors a message class is exempt from. */
export function skippedBehaviorsOf(target: object): readonly BehaviorClass[] {
  return (Reflect.getOwnMetadata(SKIPS, target) as BehaviorClass[] | undefined) ?? [];
}

/** The hook methods of a handler class, its bases included. */
export function hooksOf(target: object): HandlerHooks {
  return (Reflect.getMetadata(HOOKS, target) as HandlerHooks | undefined) ?? { before: [], after: [] };
}

type BeforeMethod = (message: never, context: HandlerContext<never>) => unknown;
type AfterMethod = (result: never, context: HandlerContext<never>) => unknown;

function addHook(target: object, when: keyof HandlerHooks, method: string | symbol): void {
  const hooks = hooksOf(target);
  Reflect.defineMetadata(HOOKS, { ...hooks, [when]: [...hooks[when], method] }, target);
}
