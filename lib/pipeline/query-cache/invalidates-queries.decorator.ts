import 'reflect-metadata';

import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import type { MessageClass } from '../../message/message.js';

const INVALIDATES_QUERIES = Symbol.for('nestjs-dispatch/invalidates-queries');

/** Which results are no longer right: those of a key that a function `key` gave, those with a tag, or all of a query class. */
export type QueryInvalidation = string | { readonly tag: string } | { readonly message: MessageClass };

/** The same, or a function that tells from a message and what its handler returned. */
export type QueryInvalidationRule<M extends object = never, R = never> =
  QueryInvalidation | ((message: M, result: R) => QueryInvalidation | readonly QueryInvalidation[]);

/**
 * Drops results of `@CachedQuery` handlers once a command or event was handled with success, after everything that stands around
 * its handler, such as a transaction. In this process: others keep theirs for as long as their `ttlMs`. On the class of a handler, or
 * of a message for all its handlers.
 *
 * @example
 * ```ts
 * @InvalidatesQueries({ message: ListOrders }, ({ orderId }: PlaceOrder) => ({ tag: `order-${orderId}` }))
 * @CommandHandler(PlaceOrder)
 * class PlaceOrderHandler {}
 * ```
 */
export function InvalidatesQueries<M extends object = never, R = never>(
  ...rules: readonly QueryInvalidationRule<M, R>[]
) {
  return (target: abstract new (...args: never[]) => object): void =>
    Reflect.defineMetadata(INVALIDATES_QUERIES, rules, target);
}

/** What `@InvalidatesQueries` says on this very class. */
export function invalidationRulesOf(target: object): readonly QueryInvalidationRule[] {
  return (Reflect.getOwnMetadata(INVALIDATES_QUERIES, target) as QueryInvalidationRule[] | undefined) ?? [];
}

/** Why a value says nothing of which results are meant; undefined where it does. */
export function invalidationProblem(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '') return undefined;
  if (isOptionsObject(value)) {
    const { tag, message }: { readonly tag?: unknown; readonly message?: unknown } = { ...value };
    if (typeof tag === 'string' && tag !== '' && message === undefined) return undefined;
    if (typeof message === 'function' && tag === undefined) return undefined;
  }
  return `${describeValue(value)}, not a key, { tag } or { message } with a class`;
}
