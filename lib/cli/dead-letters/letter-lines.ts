import type { DeadLetterGroup } from '../../failures/dead-letters/dead-letter.js';
import type { DeadLetterView } from '../../operations/letter-views.js';
import { cut } from '../text/columns.js';
import { printable } from '../text/printable.js';
import { tableLines } from '../text/text-table.js';

/** Why a payload that is kept outside of its queue is not there. */
const NOT_SHOWN = {
  notRead: 'it is kept outside of the queue',
  gone: 'the store of "claimCheck" has it no more',
  unreadable: 'what the store of "claimCheck" has is no payload',
  unavailable: 'the store of "claimCheck" does not answer, or this process has none',
} as const;

/** One letter of a list: its id whole, so that it can be copied, and what it is about, in lines of at most `columns`. */
export function summaryLines(letter: DeadLetterView, columns: number): string[] {
  const { id, queue, place, label, message, handler, error, attempts, lastFailedAt } = letter;
  const where = label === undefined ? `${queue}/${place}` : `${queue}/${place} (${label})`;
  const facts = [lastFailedAt.toISOString(), where, message?.name ?? 'no message', handler ?? 'no handler'];
  const tries = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const lines = [facts.slice(0, 3).join('  '), `${error.name}: ${error.message}`, `${facts[3]}, ${tries}`];
  return [printable(id), ...lines.map((line) => cut(`  ${printable(line)}`, columns))];
}

/** Groups as a table, with where each error was thrown below its row. */
export function groupLines(groups: readonly DeadLetterGroup[], columns: number): string[] {
  const table = tableLines(
    groups,
    [
      { title: 'CAUSE', of: ({ cause }) => cause },
      { title: 'COUNT', of: ({ count }) => String(count) },
      { title: 'LAST', of: ({ lastAt }) => lastAt.toISOString() },
      { title: 'MESSAGE', of: ({ message }) => message ?? '', canShrink: true },
      { title: 'ERROR', of: ({ error }) => error, canShrink: true },
    ],
    columns,
  );
  const [titles = '', ...rows] = table;
  const framed = rows.flatMap((row, index) => {
    const frame = groups[index]?.frame;
    return frame === undefined ? [row] : [row, cut(`  ${printable(frame)}`, columns)];
  });
  return [titles, ...framed];
}

/** Everything about one letter. Texts are shown whole. */
export function letterLines(letter: DeadLetterView): string[] {
  const { message, error } = letter;
  const facts: readonly (readonly [string, string | number | undefined])[] = [
    ['id', letter.id],
    ['queue', letter.queue],
    ['place', letter.place],
    ['label', letter.label],
    ['message', message && `${message.name}, version ${message.version}, ${message.kind}`],
    ['message id', message?.id],
    ['sent', message?.sentAt?.toISOString()],
    ['key', message?.key],
    ['handler', letter.handler],
    ['attempts', letter.attempts],
    ['first failed', letter.firstFailedAt?.toISOString()],
    ['last failed', letter.lastFailedAt.toISOString()],
    ['cause', letter.cause],
    ['tags', letter.tags.join(', ') || undefined],
    ['error', `${error.name}: ${error.message}`],
    ['code', error.code],
  ];
  const lines = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [`${`${name}:`.padEnd(14)}${printable(String(value))}`],
  );
  const headers = Object.entries(message?.headers ?? {}).map(([name, value]) => printable(`  ${name}: ${value}`));
  return [
    ...lines,
    ...(headers.length === 0 ? [] : ['headers:', ...headers]),
    ...(message === undefined ? block('data', letter.data) : payloadLines(message)),
    ...(error.details === undefined ? [] : block('details', error.details)),
    ...(error.stack === undefined ? [] : ['stack:', indented(printable(error.stack, 'lines'))]),
  ];
}

function payloadLines({ payload, claim }: NonNullable<DeadLetterView['message']>): string[] {
  if (claim === undefined || claim.state === 'read') return block('payload', payload);
  return ['payload:', `  not shown: ${NOT_SHOWN[claim.state]} (${claim.id}, ${claim.sizeBytes} bytes)`];
}

function block(name: string, value: unknown): string[] {
  // What undefined and a function have no JSON for is shown by its name.
  const text = JSON.stringify(value, undefined, 2) ?? String(value);
  return [`${name}:`, indented(printable(text, 'lines'))];
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}
