const ELLIPSIS = '…';
const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Letters that terminals show in two columns: those of East Asia, full width forms, pictures. @see https://www.unicode.org/reports/tr11/ */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** How many columns a line of text takes in a terminal. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const { segment } of letters.segment(text)) columns += columnsOfLetter(segment);
  return columns;
}

/** The text in at most so many columns, its end replaced by an ellipsis where it has more. */
export function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let left = columns - 1;
  let shown = '';
  for (const { segment } of letters.segment(text)) {
    left -= columnsOfLetter(segment);
    if (left < 0) break;
    shown += segment;
  }
  return shown + ELLIPSIS;
}

/** The text with as many spaces behind it as so many columns leave. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

/** The text in lines of at most so many columns, broken between words. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function columnsOfLetter(letter: string): number {
  return WIDE.test(letter) ? 2 : 1;
}
