import { parseArgs } from 'node:util';

import { commandsOf, type Command, type CommandEntry, type CommandGroup } from '../command.js';
import { CommandUsageError } from '../errors.js';
import { COMMON_FLAGS, commonFlagsOf } from './common-flags.js';
import { GivenFlags, type Flag, type Flags } from './flags.js';
import { nearestName } from './nearest.js';

/** The name of the program, as it is typed. */
export const PROGRAM = 'npx nestjs-dispatch';

/** What was typed, as far as it names a command. */
export interface ParsedCommandLine {
  readonly group: CommandGroup | undefined;
  readonly command: Command | undefined;
  readonly operands: readonly string[];
  readonly flags: GivenFlags;
  /** Whether help is asked for, or nothing is. */
  readonly isHelp: boolean;
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

/**
 * Finds the command and its flags in what was typed. Flags may stand anywhere.
 *
 * @throws DISPATCH_COMMAND_USAGE with everything that is wrong
 */
export function parseCommandLine(args: readonly string[], entries: readonly CommandEntry[]): ParsedCommandLine {
  const tokens = tokensOf(args, entries);
  const [first, ...words] = tokens.flatMap((token) => (token.kind === 'positional' ? token.value : []));
  const isHelp = first === undefined || tokens.some((token) => token.kind === 'option' && token.name === 'help');
  const entry = found(first, entries, 'command', PROGRAM);
  const help = entry === undefined ? PROGRAM : `${PROGRAM} ${entry.name}`;
  const group = entry !== undefined && 'commands' in entry ? entry : undefined;
  const command = group === undefined ? (entry as Command | undefined) : commandOf(group, words.shift(), help);
  if (isHelp) return { group, command, operands: words, flags: new GivenFlags(new Map()), isHelp };
  if (command === undefined) {
    const names = group?.commands.map(({ name }) => name).join(', ');
    throw new CommandUsageError([`Say what to do with ${group?.name}: ${names}.`], `${help} --help`);
  }
  const flags = flagsOf(tokens, command, group === undefined ? `${help} --help` : `${help} ${command.name} --help`);
  return { group, command, operands: words, flags, isHelp };
}

function commandOf({ name, commands }: CommandGroup, typed: string | undefined, help: string): Command | undefined {
  return found(typed, commands, `command of ${name}`, help);
}

/** Which flags take a value is known only with the command, which stands among them: so all flags of all are read alike. */
function tokensOf(args: readonly string[], entries: readonly CommandEntry[]): readonly Token[] {
  const all: Flags = Object.assign({}, COMMON_FLAGS, ...entries.flatMap(commandsOf).map(({ flags }) => flags));
  const options = Object.fromEntries(Object.entries(all).map(([name, flag]) => [name, { type: typeOf(flag) }]));
  return parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true }).tokens;
}

function typeOf({ value }: Flag): 'string' | 'boolean' {
  return value === undefined ? 'boolean' : 'string';
}

function found<T extends { readonly name: string }>(
  typed: string | undefined,
  known: readonly T[],
  what: string,
  help: string,
): T | undefined {
  if (typed === undefined) return undefined;
  const match = known.find(({ name }) => name === typed);
  if (match !== undefined) return match;
  const names = known.map(({ name }) => name);
  throw new CommandUsageError(
    [`There is no ${what} ${JSON.stringify(typed)}${advice(typed, names)}`],
    `${help} --help`,
  );
}

function advice(typed: string, known: readonly string[]): string {
  const near = nearestName(typed, known);
  return near === undefined ? `: there are ${known.join(', ')}.` : `. Did you mean ${near}?`;
}

function flagsOf(tokens: readonly Token[], command: Command, help: string): GivenFlags {
  const known: Flags = { ...commonFlagsOf(command), ...command.flags };
  const values = new Map<string, string[]>();
  const problems: string[] = [];
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, value, inlineValue } = token;
    const flag = Object.hasOwn(known, name) ? known[name] : undefined;
    const given = values.get(name) ?? [];
    const problem =
      flag === undefined ? unknownFlag(name, known) : flagProblem({ name, value, inlineValue, flag, given });
    if (problem === undefined) values.set(name, [...given, value ?? '']);
    else problems.push(problem);
  }
  if (problems.length > 0) throw new CommandUsageError(problems, help);
  return new GivenFlags(values);
}

function unknownFlag(name: string, known: Flags): string {
  const names = Object.keys(known);
  const near = nearestName(name, names);
  const rest =
    near === undefined ? `: there are ${names.map((each) => `--${each}`).join(', ')}.` : `. Did you mean --${near}?`;
  return `There is no flag ${name.length === 1 ? '-' : '--'}${name} here${rest}`;
}

interface FlagUse {
  readonly name: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
  readonly flag: Flag;
  readonly given: readonly string[];
}

function flagProblem({ name, value, inlineValue, flag, given }: FlagUse): string | undefined {
  if (given.length > 0 && flag.isList !== true) return `--${name} is given twice.`;
  if (flag.value === undefined) return value === undefined ? undefined : `--${name} takes no value.`;
  if (value === undefined || value === '') return `--${name} needs a value: ${flag.value}.`;
  // A flag that follows is more likely than a value with dashes.
  const isNextFlag = inlineValue !== true && value.startsWith('-') && value !== '-';
  return isNextFlag
    ? `--${name} needs a value: ${flag.value}; one that begins with a dash is given as --${name}=${value}.`
    : undefined;
}
