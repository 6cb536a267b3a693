import type { Row } from './suite.js';

/** What a run has found; printed as it is with `--json`. */
export interface Report {
  readonly suite: string;
  readonly rows: readonly Row[];
  readonly rounds: number;
  readonly sliceMs: number;
  readonly machine: { readonly cpu: string; readonly node: string };
}

const HEADINGS = ['', 'ours ns', 'peer ns', 'peer', 'peer / ours', 'ours / peer'] as const;

/** Prints the machine and a table; of the two ratios only the one that the row gives. */
export function printTable({ suite, rows, rounds, sliceMs, machine }: Report): void {
  console.log(`${suite}: ${machine.cpu}, Node ${machine.node}`);
  console.log(`processor time per message, medians of ${rounds} rounds of ${sliceMs} ms\n`);
  const cells = [HEADINGS, ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  for (const line of cells) {
    console.log(line.map((cell, column) => pad(cell, column, widths[column] ?? 0)).join('  '));
  }
}

function cellsOf({ name, ours, peer, peerName, ratio, unit }: Row): readonly string[] {
  const isSpeed = unit.endsWith('peer / ours');
  const shown = ratio.toFixed(2);
  return [name, ours.toFixed(0), peer.toFixed(0), peerName, isSpeed ? shown : '', isSpeed ? '' : shown];
}

/** Text to the left, numbers to the right. */
function pad(cell: string, column: number, width: number): string {
  return column === 0 || column === 3 ? cell.padEnd(width) : cell.padStart(width);
}
