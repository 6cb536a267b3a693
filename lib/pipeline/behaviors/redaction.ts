import 'reflect-metadata';

import { sensitiveFieldsOf, type MessageDefinition } from '../../message/message.decorator.js';

/** What stands where a value is not shown. */
export const REDACTED = '[redacted]';
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;

/**
 * A copy of a message that is fit for a log: fields marked `@Sensitive()`, on the message or on a class nested in it,
 * and the paths that `@Message` names are replaced. What is deeper than 8 levels, beyond 100 entries of one
 * collection, or already shown above is cut short.
 */
export function redact(message: object, definition: MessageDefinition): unknown {
  return copy(message, definition.target, { sensitive: new Set(definition.sensitive), path: '', above: [] });
}

interface Position {
  readonly sensitive: ReadonlySet<string>;
  /** Dotted path from the message; array indexes are left out, so `'cards.number'` names the field in each entry. */
  readonly path: string;
  readonly above: readonly object[];
}

function copy(value: unknown, declaredType: unknown, position: Position): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  // Left out: JSON.stringify would call one named toJSON, and write what it returns past all redaction.
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (position.above.includes(value)) return '[circular]';
  if (position.above.length >= MAX_DEPTH) return '[deeper]';
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  const inside: Position = { ...position, above: [...position.above, value] };
  if (value instanceof Map) return copyEntries(Object.fromEntries([...value].slice(0, MAX_ITEMS)), undefined, inside);
  if (Array.isArray(value) || value instanceof Set) {
    return [...value].slice(0, MAX_ITEMS).map((item: unknown) => copy(item, undefined, inside));
  }
  return copyEntries(value, declaredType, inside);
}

function copyEntries(value: object, declaredType: unknown, position: Position): Record<string, unknown> {
  const type: unknown = value.constructor === Object ? (declaredType ?? Object) : value.constructor;
  const fields = typeof type === 'function' ? sensitiveFieldsOf(type) : new Set<string>();
  const entries = Object.entries(value).slice(0, MAX_ITEMS);
  return Object.fromEntries(
    entries.map(([field, content]) => {
      const path = position.path === '' ? field : `${position.path}.${field}`;
      const isSensitive = fields.has(field) || position.sensitive.has(path);
      return [field, isSensitive ? REDACTED : copy(content, fieldType(type, field), { ...position, path })];
    }),
  );
}

/** The class a nested field is declared with, known where the field carries any decorator. */
export function fieldType(type: unknown, field: string): unknown {
  return typeof type === 'function' ? Reflect.getMetadata('design:type', type.prototype as object, field) : undefined;
}
