import { columnsOf, cut, padded } from './columns.js';
import { printable } from './printable.js';

const GAP = '  ';

/** One column of a table. */
export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => string;
  /** Whether it is cut where the line would be too long; others are shown whole. */
  readonly canShrink?: boolean;
}

/** Rows under titles, in at most so many columns as far as cutting those that can shrink makes it possible. */
export function tableLines<T>(rows: readonly T[], columns: readonly Column<T>[], maxColumns: number): string[] {
  const cells = rows.map((row) => columns.map(({ of }) => printable(of(row))));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => columnsOf(row[index] ?? ''))),
  );
  const gaps = GAP.length * (columns.length - 1);
  let excess = widths.reduce((sum, width) => sum + width, gaps) - maxColumns;
  while (excess > 0) {
    const widest = widestThatShrinks(columns, widths);
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess--;
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => padded(cut(cell, widths[index] ?? 0), widths[index] ?? 0))
      .join(GAP)
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...cells.map(line)];
}

function widestThatShrinks<T>(columns: readonly Column<T>[], widths: readonly number[]): number | undefined {
  let widest: number | undefined;
  for (const [index, { canShrink, title }] of columns.entries()) {
    const width = widths[index] ?? 0;
    if (canShrink !== true || width <= title.length) continue;
    if (widest === undefined || width > (widths[widest] ?? 0)) widest = index;
  }
  return widest;
}
