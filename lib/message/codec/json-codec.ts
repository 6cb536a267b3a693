import { MessageTooLargeError, UnreadableMessageError } from '../errors.js';
import { JsonWriter } from './json-writer.js';
import { isPlainJson } from './plain-json.js';
import { assertSafe, DEFAULT_MAX_DEPTH } from './safe-value.js';
import { reviveTags, TAG_PREFIX } from './tags.js';

/** What a text may be before it is read. */
export interface CodecLimits {
  /** The most bytes the text may have in UTF-8. Checked before anything is parsed. */
  readonly maxBytes: number;
  /** The most levels of objects and arrays inside each other; a lone object is 1 deep. */
  readonly maxDepth: number;
}

/** 1 MiB and 64 levels: what holds where no option says otherwise. */
export const DEFAULT_CODEC_LIMITS: CodecLimits = Object.freeze({ maxBytes: 1_048_576, maxDepth: DEFAULT_MAX_DEPTH });

/**
 * Writes a value as JSON that {@link decodeJson} reads back as it was: also `Date` (an invalid one too), `bigint`,
 * `Map`, `Set`, `Uint8Array`, `Buffer`, `NaN`, the infinities, `-0`, and `undefined` in arrays, maps, sets and alone.
 * Data that looks like the codec's own tags survives.
 *
 * As in JSON: fields that are `undefined` are left out, `toJSON()` is honoured, objects of a class lose it (the
 * `Rehydrator` gives it back), and an object met twice is written twice.
 *
 * `maxDepth` counts levels of the JSON written, of which a Map takes three and a Set two; default 64, as for reading.
 *
 * @throws DISPATCH_UNSERIALIZABLE_MESSAGE for a function, a symbol, a cycle, an object whose content JSON would lose
 * (Error, Promise, RegExp, typed arrays, ...), a key `__proto__`, `constructor` or `prototype`, or too deep nesting;
 * it names the path.
 */
export function encodeJson(value: unknown, maxDepth: number = DEFAULT_MAX_DEPTH): string {
  return JSON.stringify(isPlainJson(value, maxDepth) ? value : new JsonWriter(maxDepth).write(value));
}

/**
 * Reads what {@link encodeJson} wrote. Other JSON is read as `JSON.parse` reads it.
 *
 * @throws DISPATCH_MESSAGE_TOO_LARGE for a text above `maxBytes`.
 * @throws DISPATCH_UNREADABLE_MESSAGE for a text that is no JSON, is nested deeper than `maxDepth`, or has a key
 * `__proto__`, `constructor` or `prototype`.
 */
export function decodeJson(text: string, limits: CodecLimits = DEFAULT_CODEC_LIMITS): unknown {
  const value = parseJson(text, limits);
  // The quote before the prefix is left out on purpose: a search that starts at every quote takes ten times as long.
  return text.includes(TAG_PREFIX) ? reviveTags(value) : value;
}

/**
 * Reads JSON from outside, with the limits of {@link decodeJson} but without its tags: whatever a stranger sends stays
 * strings, numbers, booleans, null, arrays and plain objects.
 *
 * @throws the same as {@link decodeJson}.
 */
export function parseJson(text: string, limits: CodecLimits = DEFAULT_CODEC_LIMITS): unknown {
  assertSize(text, limits.maxBytes);
  const value = parse(text);
  assertSafe(value, limits.maxDepth);
  return value;
}

/**
 * Turns a value into plain JSON values and tags, for a store that writes JSON itself; {@link decodeValue} turns it back.
 *
 * @throws DISPATCH_UNSERIALIZABLE_MESSAGE as {@link encodeJson}
 * @throws DISPATCH_MESSAGE_TOO_LARGE where it would have more than `maxBytes` as a text
 */
export function encodeValue(value: unknown, { maxBytes, maxDepth }: CodecLimits = DEFAULT_CODEC_LIMITS): unknown {
  const writer = new JsonWriter(maxDepth);
  const encoded = writer.write(value);
  // Most values are so much smaller than the limit that they need not be written to know it.
  if (writer.mostBytes > maxBytes) assertSize(JSON.stringify(encoded), maxBytes);
  return encoded;
}

/**
 * The same, and the text of it where that has more than `thresholdBytes`.
 *
 * @throws the same as {@link encodeValue}
 */
export function encodeAbove(
  value: unknown,
  { maxBytes, maxDepth }: CodecLimits,
  thresholdBytes: number,
): { readonly encoded: unknown; readonly text: string | undefined } {
  const writer = new JsonWriter(maxDepth);
  const encoded = writer.write(value);
  if (writer.mostBytes <= thresholdBytes) return { encoded, text: undefined };
  const text = JSON.stringify(encoded);
  assertSize(text, maxBytes);
  return { encoded, text: Buffer.byteLength(text) > thresholdBytes ? text : undefined };
}

/**
 * Reads what {@link encodeValue} made. The value given is not touched, so it can be read again.
 *
 * @throws the same as {@link decodeJson}
 */
export function decodeValue(value: unknown, limits: CodecLimits = DEFAULT_CODEC_LIMITS): unknown {
  // By way of a text: that is the copy, and every check of a text holds.
  return decodeJson(JSON.stringify(value), limits);
}

/** A UTF-16 unit takes one to three bytes in UTF-8, so most texts are judged by their length alone. */
function assertSize(text: string, maxBytes: number): void {
  if (text.length * 3 <= maxBytes) return;
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > maxBytes) throw new MessageTooLargeError(sizeBytes, maxBytes);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // The engine's text quotes the data, so it is used for the position only and is not kept as the cause.
    const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
    const where = position === undefined ? '' : ` from character ${position} on`;
    throw new UnreadableMessageError(`The data is not JSON${where}: check what was sent and its encoding.`);
  }
}
