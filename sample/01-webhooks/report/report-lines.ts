import type { SentCounts } from '../load/send-deliveries.js';
import type { KeyCounts } from '../tally.js';
import { mismatches, type ServedCounts, type Sum } from './reconcile.js';

/** How many keys have a line of their own; the others share one. */
const SHOWN_KEYS = 15;

/** What a report is made of. */
export interface Report {
  readonly sent: SentCounts;
  readonly served: ServedCounts;
  readonly topics: ReadonlyMap<string, number>;
  readonly sums: readonly Sum[];
}

/** The report as it is printed. */
export function reportLines({ sent, served, topics, sums }: Report): string[] {
  return [
    ...countTable('sent', sent.kinds),
    '',
    ...countTable('received', [
      ['handled', served.handled],
      ['skipped', served.skipped],
      ['refused', served.refused],
    ]),
    '',
    ...countTable('refused', byName(served.refusals)),
    '',
    ...keyTable(served.keys),
    '',
    ...countTable('written by the handlers', topics),
    '',
    speedLine(sent),
    ...sumLines(sums),
  ];
}

function countTable(title: string, counts: Iterable<readonly [string, number]>): string[] {
  const rows = [...counts];
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  return [row(title, total), ...rows.map(([name, count]) => row(`  ${name}`, count))];
}

function keyTable(keys: ReadonlyMap<string, Readonly<KeyCounts>>): string[] {
  const sorted = byName(keys).toSorted(([, a], [, b]) => b.routed - a.routed);
  const others = sorted.slice(SHOWN_KEYS);
  const shown = sorted.slice(0, SHOWN_KEYS).map(([key, counts]) => keyRow(`  ${key}`, counts));
  const rest = others.length === 0 ? [] : [keyRow(`  ${others.length} other keys`, totalOf(others))];
  return [row('routed', 'routed', 'handled', 'skipped', 'refused'), ...shown, ...rest, keyRow('all', totalOf(sorted))];
}

function totalOf(entries: readonly (readonly [string, Readonly<KeyCounts>])[]): KeyCounts {
  const total: KeyCounts = { routed: 0, handled: 0, skipped: 0, refused: 0 };
  for (const [, counts] of entries) {
    total.routed += counts.routed;
    total.handled += counts.handled;
    total.skipped += counts.skipped;
    total.refused += counts.refused;
  }
  return total;
}

function keyRow(name: string, { routed, handled, skipped, refused }: KeyCounts): string {
  return row(name, routed, handled, skipped, refused);
}

function row(name: string, ...cells: readonly (string | number)[]): string {
  return name.padEnd(46) + cells.map((cell) => String(cell).padStart(9)).join('');
}

function speedLine({ sent, durationMs }: SentCounts): string {
  const perSecond = Math.round((sent / durationMs) * 1000);
  return `${sent} messages in ${Math.round(durationMs)} ms: ${perSecond} messages per second`;
}

function sumLines(sums: readonly Sum[]): string[] {
  const wrong = mismatches(sums);
  if (wrong.length === 0) return [`All ${sums.length} sums match.`];
  return [
    `${wrong.length} of ${sums.length} sums are off:`,
    ...wrong.map(({ what, expected, counted }) => `  ${what}: expected ${expected}, counted ${counted}`),
  ];
}

function byName<V>(entries: Iterable<readonly [string, V]>): (readonly [string, V])[] {
  return [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
