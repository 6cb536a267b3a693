import { isStandalone, type Command, type CommandEntry, type CommandGroup } from './command.js';
import { COMMON_FLAGS, commonFlagsOf } from './input/common-flags.js';
import type { Flags } from './input/flags.js';
import { PROGRAM } from './input/parse-command-line.js';
import { wrapped } from './text/columns.js';

const NAME_COLUMNS = 26;

/** How the program, a group or a command is used, in lines of at most `columns`. */
export function helpLines(
  entries: readonly CommandEntry[],
  { group, command }: { readonly group: CommandGroup | undefined; readonly command: Command | undefined },
  columns: number,
): string[] {
  const list = (rows: readonly (readonly [string, string])[]): string[] => rows.flatMap((row) => entry(row, columns));
  if (command !== undefined) {
    const app = isStandalone(command) ? '' : '--app <file>';
    const use = [PROGRAM, app, group?.name ?? '', command.name, command.operands, '[flags]'];
    return [
      sentence(command.summary),
      '',
      `  ${use.filter((part) => part !== '').join(' ')}`,
      '',
      ...list([...flagRows(command.flags), ...flagRows(commonFlagsOf(command))]),
    ];
  }
  const rows =
    group === undefined
      ? entries.map(({ name, summary }) => [name, summary] as const)
      : group.commands.map(({ name, operands, summary }) => [`${name} ${operands}`.trim(), summary] as const);
  const place = group === undefined ? '<command>' : `${group.name} <command>`;
  return [
    sentence(group?.summary ?? 'operates an application that uses nestjs-dispatch, without starting its workers'),
    '',
    `  ${PROGRAM} --app <file> ${place} [flags]`,
    '',
    ...list(rows),
    '',
    ...list(flagRows(COMMON_FLAGS)),
    '',
    ...wrapped(`Ends with 0 where all is done, 1 where something failed, 2 where the command line is wrong.`, columns),
    ...(group === undefined ? [] : wrapped(`More of each: ${PROGRAM} ${group.name} <command> --help`, columns)),
  ];
}

function flagRows(flags: Flags): (readonly [string, string])[] {
  return Object.entries(flags).map(([name, { value, help }]) => [`--${name} ${value ?? ''}`.trim(), help] as const);
}

function entry([name, text]: readonly [string, string], columns: number): string[] {
  const lines = wrapped(text, columns - NAME_COLUMNS - 2);
  const indent = ' '.repeat(NAME_COLUMNS + 2);
  if (name.length >= NAME_COLUMNS) return [`  ${name}`, ...lines.map((line) => indent + line)];
  return lines.map((line, index) => (index === 0 ? `  ${name.padEnd(NAME_COLUMNS)}${line}` : indent + line));
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
