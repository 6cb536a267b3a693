import type { Row } from './suite.js';

/** What a run has found; printed as it is with `--json`. */
export interface Report {
  readonly suite: string;
  /** What the figures are. */
  readonly measures: string;
  readonly rows: readonly Row[];
  readonly rounds: number;
  readonly sliceMs: number;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
}

const HEADINGS = ['', 'ours', 'peer', 'peer is', 'peer / ours', 'ours / peer'] as const;
const TEXT_COLUMNS: ReadonlySet<number> = new Set([0, 3]);

/** Prints the machine and a table; of the two ratios only the one that the row gives. */
export function printTable({ suite, measures, rows, rounds, machine }: Report): void {
  console.log(`${suite}: ${machine.cores} x ${machine.cpu}, Node ${machine.node}`);
  console.log(`${measures}, medians of ${rounds} rounds\n`);
  const cells = [HEADINGS, ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  for (const line of cells) {
    console.log(line.map((cell, column) => pad(cell, column, widths[column] ?? 0)).join('  '));
  }
}

function cellsOf({ name, ours, peer, peerName, ratio, unit }: Row): readonly string[] {
  const isSpeed = unit.endsWith('peer / ours');
  const shown = ratio?.toFixed(2) ?? '';
  return [name, shownFigure(ours), shownFigure(peer), peerName, isSpeed ? shown : '', isSpeed ? '' : shown];
}

function shownFigure(figure: number | null): string {
  return figure?.toFixed(0) ?? '';
}

/** Text to the left, numbers to the right. */
function pad(cell: string, column: number, width: number): string {
  return TEXT_COLUMNS.has(column) ? cell.padEnd(width) : cell.padStart(width);
}
