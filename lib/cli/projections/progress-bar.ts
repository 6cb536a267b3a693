import type { RebuildProgress } from '../../projections/running/build.js';
import type { Terminal } from '../terminal.js';

/** How often the bar is drawn at most, in milliseconds. */
const DRAW_EVERY_MS = 100;

/** Draws how far a rebuild is, in one line. @returns what is to be told of the progress */
export function progressBar(terminal: Terminal, label: string): (progress: RebuildProgress) => void {
  let drawnAtMs = -Infinity;
  return ({ position, goal }) => {
    const nowMs = performance.now();
    if (nowMs - drawnAtMs < DRAW_EVERY_MS && position < goal) return;
    drawnAtMs = nowMs;
    terminal.progress(barText(label, { position, goal }, terminal.columns));
  };
}

/** The text of the bar, in at most so many columns. */
export function barText(label: string, { position, goal }: RebuildProgress, columns: number): string {
  const share = goal === 0 ? 1 : Math.min(1, position / goal);
  const facts = ` ${Math.floor(share * 100)} %  ${position} of ${goal}`;
  const width = columns - label.length - facts.length - 4;
  if (width < 4) return `${label}${facts}`.slice(0, columns);
  const filled = Math.round(share * width);
  return `${label} [${'#'.repeat(filled)}${'.'.repeat(width - filled)}]${facts}`;
}
