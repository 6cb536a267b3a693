import { types } from 'node:util';

import { UnserializableMessageError } from '../errors.js';
import { isUnsafeKey } from './safe-value.js';
import { TAG_PREFIX, tagged } from './tags.js';

/** What a UTF-16 unit takes at most in JSON: a control character or half a surrogate pair, as its escape. */
const MOST_BYTES_OF_A_UNIT = 6;
/** What a value takes at most beside its units: any number, quotes and separators, and a tag around it. */
const MOST_BYTES_OF_A_VALUE = 64;

/**
 * Copies one value into plain JSON values and tags. It keeps the path it is at, for its errors, and the objects it is
 * inside of, to find cycles; make one for each value.
 */
export class JsonWriter {
  private readonly path: (string | number)[] = [];
  private readonly ancestors: object[] = [];
  private depth = 0;
  private bytes = 0;

  constructor(private readonly maxDepth: number) {}

  /** How many bytes the text of what was written has at most, in UTF-8. */
  get mostBytes(): number {
    return this.bytes;
  }

  /** @throws DISPATCH_UNSERIALIZABLE_MESSAGE for what cannot be written, naming the path. */
  write(value: unknown): unknown {
    this.bytes += MOST_BYTES_OF_A_VALUE;
    switch (typeof value) {
      case 'string':
        this.bytes += value.length * MOST_BYTES_OF_A_UNIT;
        return value;
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0) ? value : this.tag('number', numberText(value));
      case 'bigint':
        return this.tag('bigint', value.toString());
      case 'undefined':
        return this.tag('undefined', true);
      case 'object':
        return value === null ? null : this.writeObject(value);
      default:
        return this.fail(`it is a ${typeof value}`);
    }
  }

  private writeObject(value: object): unknown {
    if (Array.isArray(value)) return this.inside(value, 1, () => this.writeItems(value));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.writeRecord(value);
    if (types.isDate(value)) return this.tag('date', Number.isNaN(value.getTime()) ? null : value.toISOString());
    if (types.isMap(value)) return this.inside(value, 3, () => tagged('map', this.writeEntries(value)));
    if (types.isSet(value)) return this.inside(value, 2, () => tagged('set', this.writeItems([...value])));
    if (Buffer.isBuffer(value)) return this.tag('buffer', value.toString('base64'));
    if (types.isUint8Array(value)) return this.tag('bytes', Buffer.from(value).toString('base64'));
    if (types.isNumberObject(value) || types.isStringObject(value) || types.isBooleanObject(value)) {
      return this.write(value.valueOf());
    }
    return this.writeRecord(value);
  }

  private writeRecord(value: object): unknown {
    if (hasToJson(value)) return this.writeReplacement(value.toJSON(this.path.at(-1) ?? ''));
    const lost = opaqueKindOf(value);
    return lost === undefined ? this.writeFields(value) : this.fail(`it is ${lost}, which has no form as data`);
  }

  /** Writes what `toJSON()` gave. As in JSON, a `toJSON()` of the replacement itself is not asked. */
  private writeReplacement(json: unknown): unknown {
    const asked = typeof json === 'object' && json !== null && hasToJson(json) && !types.isDate(json);
    return asked ? this.writeFields(json) : this.write(json);
  }

  private writeFields(record: object): unknown {
    const keys = Object.keys(record);
    const escaped = keys.some((key) => key.startsWith(TAG_PREFIX));
    return this.inside(record, escaped ? 2 : 1, () => {
      const copy: Record<string, unknown> = {};
      for (const key of keys) {
        const field = (record as Record<string, unknown>)[key];
        if (isUnsafeKey(key)) this.failAt(key, 'this key is refused on arrival');
        if (field === undefined) continue;
        this.bytes += key.length * MOST_BYTES_OF_A_UNIT + MOST_BYTES_OF_A_VALUE;
        copy[key] = this.writeAt(key, field);
      }
      return escaped ? tagged('escape', copy) : copy;
    });
  }

  private writeItems(items: readonly unknown[]): unknown[] {
    const copy: unknown[] = [];
    for (let index = 0; index < items.length; index++) copy.push(this.writeAt(index, items[index]));
    return copy;
  }

  private writeEntries(map: ReadonlyMap<unknown, unknown>): unknown[] {
    return [...map].map((entry, index) =>
      this.at(index, () => [this.writeAt('key', entry[0]), this.writeAt('value', entry[1])]),
    );
  }

  private writeAt(step: string | number, value: unknown): unknown {
    this.path.push(step);
    const written = this.write(value);
    this.path.pop();
    return written;
  }

  private at<T>(step: string | number, write: () => T): T {
    this.path.push(step);
    const written = write();
    this.path.pop();
    return written;
  }

  private inside(value: object, levels: number, write: () => unknown): unknown {
    if (this.ancestors.includes(value)) this.fail('it holds itself, directly or by way of another object');
    this.ancestors.push(value);
    this.enter(levels);
    const written = write();
    this.depth -= levels;
    this.ancestors.pop();
    return written;
  }

  private tag(kind: 'date' | 'bigint' | 'number' | 'undefined' | 'bytes' | 'buffer', payload: unknown): unknown {
    this.enter(1);
    this.depth -= 1;
    if (typeof payload === 'string') this.bytes += payload.length;
    return tagged(kind, payload);
  }

  private enter(levels: number): void {
    this.depth += levels;
    if (this.depth > this.maxDepth) this.fail(`it is nested deeper than ${this.maxDepth} levels of JSON`);
  }

  private failAt(step: string, reason: string): never {
    this.path.push(step);
    return this.fail(reason);
  }

  private fail(reason: string): never {
    throw new UnserializableMessageError(this.path.join('.'), reason);
  }
}

function hasToJson(value: object): value is { toJSON(key: string | number): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Names objects that JSON would write as `{}` or as a heap of numbers: refusing them beats losing them. */
function opaqueKindOf(value: object): string | undefined {
  if (types.isNativeError(value)) return 'an Error';
  if (types.isPromise(value)) return 'a Promise';
  if (types.isRegExp(value)) return 'a RegExp';
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef) return 'a weak reference';
  if (types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value)) return 'a buffer other than a Uint8Array';
  if (types.isSymbolObject(value)) return 'a symbol';
  return undefined;
}
