import type { StandardSchemaV1 } from '@standard-schema/spec';
import 'reflect-metadata';

import type { MessageClass } from './message.js';

const MESSAGE = Symbol.for('nestjs-dispatch/message');
const SENSITIVE = Symbol.for('nestjs-dispatch/sensitive');

/** Options of {@link Message}. */
export interface MessageOptions {
  /** The version of the payload's shape: a whole number from 1, default 1. Name and version together are unique. */
  readonly version?: number;
  /** A Standard Schema (zod, valibot, arktype, ...) that the message must satisfy before a handler sees it. */
  readonly schema?: StandardSchemaV1;
  /**
   * Dotted paths of fields that logs must not show, such as `'card.number'`; adds to `@Sensitive()` on fields. Indexes
   * are left out: `'cards.number'` is the number of each entry of a list. The key of a Map is part of the path.
   */
  readonly sensitive?: readonly string[];
  /**
   * What a message is about, for order per key behind a queue: `(order: PlaceOrder) => order.customerId`. Where the handler
   * runs in the caller's turn it is a fact of the context, and nothing waits for anything. A key given at the
   * call comes first; undefined means none. It is read before the message is validated, so it must not rely on its rules.
   */
  readonly key?: (message: never) => string | undefined;
}

/** What is known of a message class: its wire identity and its rules. */
export interface MessageDefinition {
  readonly target: MessageClass;
  /** Stable wire name; the class name where none is given. */
  readonly name: string;
  readonly version: number;
  readonly schema: StandardSchemaV1 | undefined;
  /** Dotted paths named in `@Message`; fields marked with `@Sensitive()` are found on the class itself. */
  readonly sensitive: readonly string[];
  /** The key of a message, where `@Message` says how to read it. */
  readonly keyOf: ((message: object) => string | undefined) | undefined;
}

/**
 * Gives a message class its stable wire identity. Without it the class name and version 1 are used, which is enough
 * inside one process but breaks stored and queued messages when the class is renamed.
 *
 * @example
 * ```ts
 * @Message('orders.place', { version: 2 })
 * class PlaceOrder extends Command<{ orderId: string }> {}
 * ```
 */
export function Message(name: string, options: MessageOptions = {}) {
  return (target: MessageClass): void => {
    Reflect.defineMetadata(MESSAGE, { name, ...options }, target);
  };
}

/**
 * Marks a field whose value logs must not show, also where the class is nested in another message: in instances of the
 * class anywhere, and in a plain object in a field of that type which carries any decorator. A plain object in a list,
 * Set or Map is of no known class, so nothing in it is redacted by the mark: make the items instances (`@Type` of
 * class-transformer does it for messages that come as plain data), or name the field as a path without indexes, such as
 * `'lines.card'`, in `sensitive` of `@Message`.
 */
export function Sensitive() {
  return (prototype: object, field: string): void => {
    const owner = prototype.constructor;
    const inherited = sensitiveFieldsOf(owner);
    Reflect.defineMetadata(SENSITIVE, new Set([...inherited, field]), owner);
  };
}

/** The fields of a class, its bases included, that carry `@Sensitive()`. */
export function sensitiveFieldsOf(target: object): ReadonlySet<string> {
  return (Reflect.getMetadata(SENSITIVE, target) as ReadonlySet<string> | undefined) ?? new Set();
}

/** Reads the definition of a message class: what `@Message` says of this very class, or the defaults. */
export function definitionOf(target: MessageClass): MessageDefinition {
  const own = Reflect.getOwnMetadata(MESSAGE, target) as ({ name: string } & MessageOptions) | undefined;
  return Object.freeze({
    target,
    name: own?.name ?? target.name,
    version: own?.version ?? 1,
    schema: own?.schema ?? undefined,
    sensitive: own?.sensitive ?? [],
    // Called with instances of the very class it was written for.
    keyOf: own?.key as MessageDefinition['keyOf'],
  });
}
