/** Control characters, and those that turn the direction of writing around. */
const UNPRINTABLE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/**
 * Text from messages, errors and stores, fit for a terminal: control characters, which could move the cursor or recolour
 * what was printed, are shown as `\x1b`. Line breaks become spaces, but for where `lines` are kept.
 */
export function printable(text: string, keep: 'line' | 'lines' = 'line'): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === '\n') return keep === 'lines' ? character : ' ';
    if (character === '\t') return ' ';
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}
