import { TAG_PREFIX } from './tags.js';

/** What an object inherits from whose content JSON does not show, or shows in another form. */
const SPECIAL: ReadonlySet<unknown> = new Set(
  [
    ...[Array, ArrayBuffer, BigInt, Boolean, Date, Error, Function, Map, Number, Promise, RegExp, Set],
    ...[SharedArrayBuffer, String, Symbol, WeakMap, WeakRef, WeakSet],
  ].map(({ prototype }) => prototype as unknown),
);

/** Prototypes of classes whose objects are records: looked at once each. */
const RECORDS = new WeakSet<object>();

/**
 * Whether `JSON.stringify()` writes a value just as the writer of this codec would, with no tag and no error: true for most messages, and
 * then nothing has to be copied. False says nothing, and is what a value is told that may have a cycle, since it is too deep then.
 */
export function isPlainJson(value: unknown, maxDepth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      return value === null || isPlainObject(value, maxDepth);
    default:
      return false;
  }
}

function isPlainObject(value: object, depthLeft: number): boolean {
  if (depthLeft === 0 || 'toJSON' in value || ArrayBuffer.isView(value)) return false;
  if (Array.isArray(value)) {
    // Not by a method, which would leave out the holes.
    for (let index = 0; index < value.length; index++) {
      if (!isPlainJson(value[index], depthLeft - 1)) return false;
    }
    return true;
  }
  return isRecord(value) && hasPlainFields(value as Readonly<Record<string, unknown>>, depthLeft - 1);
}

// `for..in` reads the engine's cached list of keys. What it finds beyond own ones makes the answer false at the worst.
function hasPlainFields(record: Readonly<Record<string, unknown>>, depthLeft: number): boolean {
  for (const key in record) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype' || key.startsWith(TAG_PREFIX)) return false;
    const field = record[key];
    if (field !== undefined && !isPlainJson(field, depthLeft)) return false;
  }
  return true;
}

function isRecord(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || (prototype !== null && isRecordClass(prototype as object));
}

/** Whether a prototype leads to that of all objects and to no special one on the way; one of another realm does not. */
function isRecordClass(prototype: object): boolean {
  if (RECORDS.has(prototype)) return true;
  for (let one: unknown = prototype; one !== Object.prototype; one = Object.getPrototypeOf(one)) {
    if (one === null || SPECIAL.has(one)) return false;
  }
  RECORDS.add(prototype);
  return true;
}
