/** How many violations an error carries; those beyond it are only counted. */
export const MAX_VIOLATIONS = 100;

/** How many characters of the text of a violation are kept. */
export const MAX_TEXT_LENGTH = 500;

/** How many characters of the path of a violation are kept: keys are data, too. */
export const MAX_PATH_LENGTH = 200;

/** Ends a text that was cut short. */
export const ELLIPSIS = '...';

/** The text, or its beginning with an ellipsis where it is longer than `maxLength` characters. */
export function cutShort(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - ELLIPSIS.length)}${ELLIPSIS}`;
}

/** Joins the keys on the way to a field with dots, as far as a violation shows them. */
export function dottedPath(keys: readonly PropertyKey[]): string {
  let path = '';
  for (const [index, key] of keys.entries()) {
    // One character more than is kept shows `cutShort` that something was left out.
    path += (index === 0 ? '' : '.') + String(key).slice(0, MAX_PATH_LENGTH + 1);
    if (path.length > MAX_PATH_LENGTH) break;
  }
  return cutShort(path, MAX_PATH_LENGTH);
}
