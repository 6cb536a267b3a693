import type { HandlerCounts, Report } from './report.js';

const COLUMNS: readonly (readonly [title: string, value: (report: Report) => string | number])[] = [
  ['seed', ({ seed }) => seed],
  ['sent', ({ sent }) => sent],
  ['lost', ({ lost }) => lost],
  ['kills', ({ kills }) => kills],
  ['runs', ({ plain, idempotent }) => both(plain, idempotent, 'runs')],
  ['runs repeated', ({ plain, idempotent }) => both(plain, idempotent, 'repeatedRuns')],
  ['calls repeated', ({ plain, idempotent }) => both(plain, idempotent, 'repeatedCalls')],
  ['effects', ({ plain, idempotent }) => both(plain, idempotent, 'effects')],
  ['effects doubled', ({ plain, idempotent }) => both(plain, idempotent, 'duplicateEffects')],
  ['out of order', ({ disorder, effectDisorder }) => disorder + effectDisorder],
  ['… of stopped', ({ disorderAfterStop }) => disorderAfterStop],
  ['dead letters', ({ deadLettersFound, deadLettersExpected }) => `${deadLettersFound}/${deadLettersExpected}`],
  ['taken over', ({ takenOver }) => takenOver],
  ['recovery ms', ({ recoveryP50Ms, recoveryMaxMs }) => `${recoveryP50Ms} / ${recoveryMaxMs}`],
  ['missed', ({ missed }) => missed.length],
];

/** The reports as a table in Markdown, one line for each seed. */
export function tableOf(reports: readonly Report[]): string {
  const cells = [COLUMNS.map(([title]) => title), ...reports.map((report) => COLUMNS.map(([, of]) => `${of(report)}`))];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...rows] = cells;
  const rule = `| ${widths.map((width) => `${'-'.repeat(width - 1)}:`).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Of handlers that take no care, and of those that are idempotent. */
function both(plain: HandlerCounts, idempotent: HandlerCounts, field: keyof HandlerCounts): string {
  return `${plain[field]} / ${idempotent[field]}`;
}
