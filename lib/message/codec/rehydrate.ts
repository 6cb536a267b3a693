import { types } from 'node:util';
import 'reflect-metadata';

import { importOptionalPeer } from '../../common/optional-peer.js';
import { UnreadableMessageError } from '../errors.js';
import { definitionOf } from '../message.decorator.js';
import type { MessageClass } from '../message.js';
import { ClassTransformer } from './class-transformer.js';
import { isUnsafeKey } from './safe-value.js';

/** How instances of one class are made; worked out when the class is first met. */
interface Recipe {
  /** The class or a base uses decorators of class-transformer, which then makes the instance. */
  readonly transformer: ClassTransformer | undefined;
  readonly make: () => object;
  /** Members of the class that data must not replace: methods, and accessors that cannot be set. */
  readonly members: ReadonlySet<string>;
}

/**
 * Makes messages out of plain values. One instance serves an application; it is stateless but for what it has learnt of
 * each class.
 *
 * Classes that use decorators of class-transformer, themselves or in a base, are made by its `plainToInstance`, with
 * its meaning. All others are made by direct assignment, which is far faster:
 *
 * - Where neither the class nor a base has a required constructor parameter, the constructor runs without arguments, so
 *   field initialisers and defaults hold for what the data leaves out. Where one does, no constructor runs at all: the
 *   instance gets the prototype and the data, and field initialisers, defaults and `#private` fields are not there.
 * - Fields are assigned as they are, unknown ones too; nested objects stay plain (declare them with `@Type`).
 * - A field declared as `Date` that carries a decorator, whichever, becomes a Date if the data has an ISO 8601 date, or
 *   date and time with a zone; any other text is left for validation to refuse. Without a decorator TypeScript emits
 *   no type to go by.
 * - Data named like a method, or like an accessor without a setter, is left out: it would replace the class's code.
 */
export class Rehydrator {
  private readonly recipes = new Map<MessageClass, Recipe>();

  private constructor(private readonly transformer: ClassTransformer | undefined) {}

  /** Makes a rehydrator, with class-transformer where that is installed. */
  static async load(): Promise<Rehydrator> {
    return new Rehydrator(await ClassTransformer.load(importOptionalPeer));
  }

  /**
   * Makes an instance of `target` out of a plain value; a value that is one already comes back as it is. The value
   * belongs to the message afterwards: nested objects are shared, and class-transformer removes discriminators from it.
   *
   * @throws DISPATCH_UNREADABLE_MESSAGE for a value that is no object with fields, for a field `__proto__`,
   * `constructor` or `prototype`, and where the constructor, a setter or a transformation throws (then with `cause`).
   */
  toMessage<M extends object>(target: MessageClass<M>, plain: unknown): M {
    if (plain instanceof target) return plain;
    const unfit = unfitKindOf(plain);
    if (unfit !== undefined) return refuse(target, `an object is expected, not ${unfit}`);
    // `unfitKindOf` has let only objects with fields through.
    const fields = plain as Readonly<Record<string, unknown>>;
    const recipe = this.recipeOf(target);
    try {
      if (recipe.transformer === undefined) return assignFields(target, recipe, fields);
      return recipe.transformer.make(target, withSafeKeys(target, fields));
    } catch (error) {
      if (error instanceof UnreadableMessageError) throw error;
      return refuse(target, 'its class refused the data, see the cause', { cause: error });
    }
  }

  private recipeOf(target: MessageClass): Recipe {
    const known = this.recipes.get(target);
    if (known !== undefined) return known;
    const recipe: Recipe = {
      transformer: this.transformer?.isUsedBy(target) === true ? this.transformer : undefined,
      make: makerOf(target),
      members: membersOf(target),
    };
    this.recipes.set(target, recipe);
    return recipe;
  }
}

function assignFields<M extends object>(
  target: MessageClass<M>,
  recipe: Recipe,
  fields: Readonly<Record<string, unknown>>,
): M {
  // Whichever way it was made, its prototype is that of the target.
  const message = recipe.make() as Record<string, unknown> & M;
  for (const key of Object.keys(fields)) {
    if (isUnsafeKey(key)) refuseKey(target, key);
    if (recipe.members.has(key)) continue;
    const value = fields[key];
    const date = typeof value === 'string' && looksLikeDate(value) ? toDeclaredDate(target, key, value) : undefined;
    (message as Record<string, unknown>)[key] = date ?? value;
  }
  return message;
}

function makerOf(target: MessageClass): () => object {
  if (hasRequiredParameter(target)) return () => Object.create(target.prototype as object) as object;
  // No constructor in the chain requires a parameter, and at run time an abstract class is a class like any other.
  const Constructable = target as unknown as new () => object;
  return () => new Constructable();
}

function hasRequiredParameter(target: MessageClass): boolean {
  for (const one of classesOf(target)) if (one.length > 0) return true;
  return false;
}

/** The class and its bases, nearest first. */
function* classesOf(target: MessageClass): Generator<MessageClass> {
  let one: unknown = target;
  while (typeof one === 'function' && one !== Function.prototype) {
    yield one as MessageClass;
    one = Object.getPrototypeOf(one);
  }
}

function membersOf(target: MessageClass): ReadonlySet<string> {
  const names = new Set<string>();
  let prototype: unknown = target.prototype;
  while (typeof prototype === 'object' && prototype !== null) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      const settable = 'value' in descriptor ? typeof descriptor.value !== 'function' : descriptor.set !== undefined;
      if (!settable) names.add(name);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return names;
}

/** Dates, and dates with a time and a zone: without a zone the text would mean another moment on another machine. */
const ISO_DATE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

function looksLikeDate(text: string): boolean {
  return text.length >= 10 && text.length <= 35 && text.charCodeAt(4) === 0x2d && ISO_DATE.test(text);
}

function toDeclaredDate(target: MessageClass, key: string, text: string): Date | undefined {
  if (Reflect.getMetadata('design:type', target.prototype as object, key) !== Date) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function withSafeKeys(target: MessageClass, fields: Readonly<Record<string, unknown>>): object {
  for (const key of Object.keys(fields)) if (isUnsafeKey(key)) refuseKey(target, key);
  return fields;
}

/** What a value is of which no message can be made, as in `an array`; undefined for an object with fields. */
export function unfitKindOf(plain: unknown): string | undefined {
  if (plain === null) return 'null';
  if (typeof plain !== 'object') return typeof plain === 'undefined' ? 'nothing' : `a ${typeof plain}`;
  if (Array.isArray(plain)) return 'an array';
  if (types.isDate(plain)) return 'a Date';
  if (types.isMap(plain) || types.isSet(plain)) return 'a Map or Set';
  return ArrayBuffer.isView(plain) ? 'bytes' : undefined;
}

function refuseKey(target: MessageClass, key: string): never {
  return refuse(target, `it holds the key "${key}"`);
}

function refuse(target: MessageClass, fault: string, options?: ErrorOptions): never {
  throw new UnreadableMessageError(`Message "${definitionOf(target).name}" cannot be made: ${fault}.`, options);
}
