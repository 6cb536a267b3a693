/** What stands in an error's text where a library had quoted the payload. */
const MASK = '[value]';

/** A text this long is taken out also where it stands without quotes; a shorter one may be a word of the sentence. */
const MIN_BARE_LENGTH = 8;

/**
 * Takes payload values out of a text a validation library made: strings where they are quoted or have at least
 * `minBareLength` characters (default 8), and numbers, booleans and dates unless they are the bound of a comparison
 * (`>0`). Looks at the given values and at all inside them.
 */
export function maskValues(text: string, values: readonly unknown[], minBareLength: number = MIN_BARE_LENGTH): string {
  let masked = text;
  for (const value of values) masked = maskValue(masked, value, { minBareLength, seen: new Set() });
  return masked;
}

interface Masking {
  readonly minBareLength: number;
  readonly seen: Set<object>;
}

function maskValue(text: string, value: unknown, masking: Masking): string {
  switch (typeof value) {
    case 'string':
      return maskString(text, value, masking.minBareLength);
    case 'number':
    case 'bigint':
    case 'boolean':
      return text.replaceAll(bareNumber(String(value)), MASK);
    case 'object':
      if (value === null || masking.seen.has(value)) return text;
      masking.seen.add(value);
      return maskObject(text, value, masking);
    default:
      return text;
  }
}

function maskString(text: string, value: string, minBareLength: number): string {
  if (value === '') return text;
  let masked = text;
  for (const quoted of [JSON.stringify(value), `"${value}"`, `'${value}'`, `\`${value}\``]) {
    masked = masked.replaceAll(quoted, MASK);
  }
  return value.length < minBareLength ? masked : masked.replaceAll(bareWord(value), MASK);
}

function bareWord(value: string): RegExp {
  return new RegExp(`(?<!\\w)${escapePattern(value)}(?!\\w)`, 'g');
}

function bareNumber(value: string): RegExp {
  return new RegExp(`(?<![\\w.<>=])(?<![<>=] )${escapePattern(value)}(?!\\w|\\.\\d)`, 'g');
}

function maskObject(text: string, value: object, masking: Masking): string {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime())
      ? text
      : text.replaceAll(value.toISOString(), MASK).replaceAll(String(value), MASK);
  }
  const parts = value instanceof Map || value instanceof Set ? [...value.entries()].flat() : Object.values(value);
  let masked = text;
  for (const part of parts) masked = maskValue(masked, part, masking);
  return masked;
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
