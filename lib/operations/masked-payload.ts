import { isOptionsObject } from '../common/describe-value.js';
import { TAG_PREFIX } from '../message/codec/tags.js';
import { sensitiveFieldsOf, type MessageDefinition } from '../message/message.decorator.js';
import { fieldType, REDACTED } from '../pipeline/behaviors/redaction.js';

/** A place inside a payload. */
interface Place {
  /** Dotted path from the message; array indexes are left out. */
  readonly path: string;
  /** Dotted paths that `@Message` names. */
  readonly sensitive: ReadonlySet<string>;
  /** What was made of the plain value; undefined where that is not known. */
  readonly made: unknown;
  /** The class it is declared with; undefined where that is not known. */
  readonly type: unknown;
}

/**
 * A copy of a payload, as it is stored, in which the fields are replaced that `@Sensitive()` marks and `@Message` names.
 * Nothing is left out, so that it can be edited and put back with {@link unmaskedPayload}.
 *
 * @param made the message that was made of the payload, which tells the classes of what is nested in it; where there is
 * none, a nested class is known only by the decorated field it stands in
 */
export function maskedPayload(payload: unknown, { target, sensitive }: MessageDefinition, made?: object): unknown {
  return masked(payload, { path: '', sensitive: new Set(sensitive), made, type: target });
}

function masked(value: unknown, place: Place): unknown {
  if (Array.isArray(value)) {
    const made: readonly unknown[] = itemsOf(place.made);
    return value.map((item: unknown, index) => masked(item, { ...place, made: made[index], type: undefined }));
  }
  if (!isOptionsObject(value)) return value;
  const [[tag, content] = ['', undefined], ...others] = Object.entries(value);
  if (others.length > 0 || !tag.startsWith(TAG_PREFIX)) return maskedFields(value, place);
  switch (tag.slice(TAG_PREFIX.length)) {
    case 'map':
      return { [tag]: maskedPairs(content, place) };
    case 'escape':
    case 'set':
      return { [tag]: isOptionsObject(content) ? maskedFields(content, place) : masked(content, place) };
    default:
      return value;
  }
}

function maskedFields(value: object, { path, sensitive, made, type }: Place): object {
  const known = isInstance(made) ? made.constructor : type;
  const marked = typeof known === 'function' ? sensitiveFieldsOf(known) : new Set<string>();
  const entries = Object.entries(value).map(([field, content]: [string, unknown]) => {
    const at = path === '' ? field : `${path}.${field}`;
    if (marked.has(field) || sensitive.has(at)) return [field, REDACTED];
    const inside = { path: at, sensitive, made: fieldOf(made, field), type: fieldType(known, field) };
    return [field, masked(content, inside)];
  });
  return Object.fromEntries(entries) as object;
}

/** The key of a Map is part of the path. */
function maskedPairs(pairs: unknown, { path, sensitive, made }: Place): unknown {
  if (!Array.isArray(pairs)) return pairs;
  return pairs.map((pair: unknown) => {
    if (!Array.isArray(pair)) return pair;
    const [key, content] = pair as readonly unknown[];
    const at = path === '' ? String(key) : `${path}.${String(key)}`;
    if (sensitive.has(at)) return [key, REDACTED];
    const inside = { path: at, sensitive, made: made instanceof Map ? made.get(key) : undefined, type: undefined };
    return [key, masked(content, inside)];
  });
}

function itemsOf(made: unknown): readonly unknown[] {
  return Array.isArray(made) || made instanceof Set ? [...made] : [];
}

function isInstance(made: unknown): made is object {
  return isOptionsObject(made) && made.constructor !== Object;
}

function fieldOf(made: unknown, field: string): unknown {
  return isOptionsObject(made) ? (Reflect.get(made, field) as unknown) : undefined;
}

/**
 * The edited copy of a masked payload with what was masked put back from the payload as it is stored.
 *
 * @returns beside it the paths of masks with nothing stored in their place, which cannot be put back
 */
export function unmaskedPayload(edited: unknown, stored: unknown): { payload: unknown; lost: readonly string[] } {
  const lost: string[] = [];
  const restore = (value: unknown, original: unknown, path: string): unknown => {
    if (value === REDACTED) {
      if (original === undefined) lost.push(path === '' ? '(all of it)' : path);
      return original;
    }
    if (Array.isArray(value)) {
      // With an item more or less it is not known which is which, and one must not get the secret of another.
      const isAlike = Array.isArray(original) && original.length === value.length;
      const items: readonly unknown[] = isAlike ? original : [];
      return value.map((item, index) => restore(item, items[index], joined(path, String(index))));
    }
    if (!isOptionsObject(value)) return value;
    const fields = Object.entries(value).map(([field, content]: [string, unknown]) => {
      const before = isOptionsObject(original) && Object.hasOwn(original, field) ? fieldOf(original, field) : undefined;
      return [field, restore(content, before, joined(path, field))] as const;
    });
    return Object.fromEntries(fields);
  };
  return { payload: restore(edited, stored, ''), lost };
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
