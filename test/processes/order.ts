import type { JournalLine } from './journal.js';

/** A handler that started out of turn. */
export interface Disorder {
  readonly line: JournalLine;
  /** The number of the message of its key that was the latest to start. */
  readonly latest: number;
}

/** Which events say that a message is over, so that the next one of its key may start. */
const OVER: ReadonlySet<string> = new Set(['done', 'parked']);

/**
 * Order of a key is this: no handler starts before the message before it is over, and none starts again once the next one
 * has started. Messages are named by their key and their number in it, from 1: `key0-1`.
 */
export function disorderIn(lines: readonly JournalLine[]): readonly Disorder[] {
  const disordered: Disorder[] = [];
  const latest = new Map<string, number>();
  const over = new Set<string>();
  for (const line of lines) {
    const { id, event, key, sequence = 0 } = line;
    if (key === undefined) continue;
    if (OVER.has(event)) over.add(id);
    if (event !== 'started') continue;
    const before = latest.get(key) ?? 0;
    const isNext = sequence === before + 1 && (before === 0 || over.has(`${key}-${before}`));
    if (sequence !== before && !isNext) disordered.push({ line, latest: before });
    latest.set(key, Math.max(before, sequence));
  }
  return disordered;
}
