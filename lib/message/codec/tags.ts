/**
 * What a value JSON cannot hold is written as: an object with one key, `$dispatch:` and a kind, such as
 * `{"$dispatch:date":"2024-01-01T00:00:00.000Z"}`. An object of the user's own with such a key is wrapped in
 * `{"$dispatch:escape":…}`, so it comes back as it was.
 */
export const TAG_PREFIX = '$dispatch:';

/** The kinds of tagged values. The names are on the wire and in stored messages: never rename one. */
export type TagKind = 'date' | 'bigint' | 'number' | 'undefined' | 'map' | 'set' | 'bytes' | 'buffer' | 'escape';

/** Makes a tagged value. */
export function tagged(kind: TagKind, payload: unknown): Readonly<Record<string, unknown>> {
  return { [TAG_PREFIX + kind]: payload };
}

/**
 * Turns the tagged values inside a parsed JSON value, which must have passed `assertSafe`, into what they stand
 * for. Objects and arrays are changed in place. A tag of an unknown kind, or with a payload that does not fit its kind,
 * is no tag of ours and stays what it is.
 */
export function reviveTags(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return reviveItems(value);
  const record = value as Record<string, unknown>;
  const key = tagKeyOf(record);
  if (key === undefined) return reviveFields(record);
  const payload = record[key];
  if (key === `${TAG_PREFIX}escape`) {
    return isRecord(payload) ? reviveFields(payload) : reviveFields(record);
  }
  reviveFields(record);
  return fromTag(key.slice(TAG_PREFIX.length), record[key], record);
}

function tagKeyOf(record: Readonly<Record<string, unknown>>): string | undefined {
  const keys = Object.keys(record);
  const key = keys[0];
  return keys.length === 1 && key?.startsWith(TAG_PREFIX) ? key : undefined;
}

function reviveItems(items: unknown[]): unknown[] {
  for (let index = 0; index < items.length; index++) items[index] = reviveTags(items[index]);
  return items;
}

function reviveFields(record: Record<string, unknown>): Record<string, unknown> {
  for (const key of Object.keys(record)) record[key] = reviveTags(record[key]);
  return record;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fromTag(kind: string, payload: unknown, asItIs: object): unknown {
  switch (kind) {
    case 'date':
      return toDate(payload) ?? asItIs;
    case 'bigint':
      return typeof payload === 'string' && /^-?\d+$/.test(payload) ? BigInt(payload) : asItIs;
    case 'number':
      return typeof payload === 'string' && /^(?:NaN|-?Infinity|-0)$/.test(payload) ? Number(payload) : asItIs;
    case 'undefined':
      return payload === true ? undefined : asItIs;
    case 'map':
      return Array.isArray(payload) && payload.every(isPair) ? new Map(payload) : asItIs;
    case 'set':
      return Array.isArray(payload) ? new Set<unknown>(payload) : asItIs;
    case 'bytes':
      return typeof payload === 'string' ? Uint8Array.from(Buffer.from(payload, 'base64')) : asItIs;
    case 'buffer':
      return typeof payload === 'string' ? Buffer.from(payload, 'base64') : asItIs;
    default:
      return asItIs;
  }
}

function toDate(payload: unknown): Date | undefined {
  if (payload === null) return new Date(Number.NaN);
  if (typeof payload !== 'string') return undefined;
  const date = new Date(payload);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function isPair(entry: unknown): entry is [unknown, unknown] {
  return Array.isArray(entry) && entry.length === 2;
}
