import type { TransportMeta } from '../../dispatcher/raw-intake.js';
import { TransportHeaders } from './transport-headers.js';
import type { View } from './view.js';

/** A value a field can be compared with. Nothing is converted: `'5'` is not `5`. */
export type FieldValue = string | number | bigint | boolean | null;

/** A question only code can answer. It is asked of every message that reaches it, so prefer the other discriminators. */
export type DiscriminatorFunction = (view: View, meta: TransportMeta) => boolean;

/**
 * Tells a source's messages from all others. Plain data but for functions, so that many sources can be looked up at
 * once instead of one by one.
 */
export type Discriminator =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Discriminator[] }
  | { readonly kind: 'not'; readonly part: Discriminator }
  | { readonly kind: 'hasFields'; readonly paths: readonly string[] }
  | { readonly kind: 'fieldEquals'; readonly path: string; readonly value: FieldValue }
  | { readonly kind: 'fieldMatches'; readonly path: string; readonly pattern: RegExp }
  | { readonly kind: 'header'; readonly name: string; readonly value: string | RegExp | undefined }
  | DiscriminatorFunction;

/** Holds where every part holds; without parts it always holds. */
export function and(...parts: readonly Discriminator[]): Discriminator {
  return { kind: 'and', parts };
}

/** Holds where at least one part holds; without parts it never holds. */
export function or(...parts: readonly Discriminator[]): Discriminator {
  return { kind: 'or', parts };
}

/** Holds where the part does not. */
export function not(part: Discriminator): Discriminator {
  return { kind: 'not', part };
}

/** Holds where all these fields are there, whatever their values. Paths are dotted, with array indexes. */
export function hasFields(...paths: readonly string[]): Discriminator {
  return { kind: 'hasFields', paths };
}

/** Holds where a field has exactly this value: strings only equal strings. */
export function fieldEquals(path: string, value: FieldValue): Discriminator {
  return { kind: 'fieldEquals', path, value };
}

/** Holds where a field is a string the pattern matches. A `g` or `y` pattern starts at the front each time. */
export function fieldMatches(path: string, pattern: RegExp): Discriminator {
  return { kind: 'fieldMatches', path, pattern: new RegExp(pattern) };
}

/**
 * Holds where the transport gave a header of this name, in whatever case, and, with `value`, where that header, or one
 * of its values if it came several times, equals the string or matches the pattern.
 */
export function header(name: string, value?: string | RegExp): Discriminator {
  return { kind: 'header', name: name.toLowerCase(), value: value instanceof RegExp ? new RegExp(value) : value };
}

/** Answers a discriminator for one message. This is the meaning the index of all sources must agree with. */
export function matches(discriminator: Discriminator, view: View, meta: TransportMeta): boolean {
  return holds(discriminator, { view, meta, headers: new TransportHeaders(meta) });
}

/** One message as discriminators see it. */
export interface Recognisable {
  readonly view: View;
  readonly meta: TransportMeta;
  readonly headers: TransportHeaders;
}

/** As {@link matches}, for a message whose headers are prepared already. */
export function holds(discriminator: Discriminator, message: Recognisable): boolean {
  if (typeof discriminator === 'function') return discriminator(message.view, message.meta);
  switch (discriminator.kind) {
    case 'and':
      return discriminator.parts.every((part) => holds(part, message));
    case 'or':
      return discriminator.parts.some((part) => holds(part, message));
    case 'not':
      return !holds(discriminator.part, message);
    case 'hasFields':
      return discriminator.paths.every((path) => message.view.hasField(path));
    case 'fieldEquals':
      return message.view.get(discriminator.path) === discriminator.value;
    case 'fieldMatches':
      return textMatches(message.view.getString(discriminator.path), discriminator.pattern);
    case 'header':
      return headerHolds(message.headers, discriminator.name, discriminator.value);
  }
}

function headerHolds(headers: TransportHeaders, name: string, wanted: string | RegExp | undefined): boolean {
  const found = headers.get(name.toLowerCase());
  if (found === undefined || wanted === undefined) return found !== undefined;
  const accepts = (text: string): boolean => (typeof wanted === 'string' ? text === wanted : textMatches(text, wanted));
  return typeof found === 'string' ? accepts(found) : found.some(accepts);
}

function textMatches(text: string | undefined, pattern: RegExp): boolean {
  // `g` and `y` patterns remember where they stopped; the answer must not depend on the messages before.
  pattern.lastIndex = 0;
  return text !== undefined && pattern.test(text);
}
