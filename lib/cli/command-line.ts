import type { INestApplicationContext } from '@nestjs/common';

import { errorText, isDispatchError, stackOf } from '../common/dispatch-error.js';
import { importOptionalPeer } from '../common/optional-peer.js';
import type { StartOptions } from './application/start-application.js';
import {
  isStandalone,
  type Command,
  type CommandEntry,
  type ExitCode,
  type PreparedCommand,
  type StandaloneCommandRun,
} from './command.js';
import { deadLetterCommands } from './dead-letters/commands.js';
import { describeCommand } from './describe/command.js';
import { CommandUsageError } from './errors.js';
import { eventCommands } from './events/commands.js';
import { helpLines } from './help.js';
import { parseCommandLine, PROGRAM, type ParsedCommandLine } from './input/parse-command-line.js';
import { migrateCommand } from './migrate/command.js';
import { outboxCommands } from './outbox/commands.js';
import { projectionCommands } from './projections/commands.js';
import { queueCommands } from './queues/commands.js';
import type { Terminal } from './terminal.js';
import { printable } from './text/printable.js';

/** All commands; a new one, or a new group, is added here. */
const COMMANDS: readonly CommandEntry[] = [
  describeCommand,
  queueCommands,
  outboxCommands,
  deadLetterCommands,
  eventCommands,
  projectionCommands,
  migrateCommand(() => importOptionalPeer('nestjs-dispatch/postgres')),
];

/** The errors of those who type; what a service says of what was asked of it is one too. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'DISPATCH_COMMAND_USAGE',
  'DISPATCH_INVALID_DEAD_LETTER_QUERY',
  'DISPATCH_INVALID_POSTGRES_OPTIONS',
]);

/** What the command line works with. */
export interface CommandLineParts {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** Starts the application that `--app` names; it is closed in the end. */
  readonly start: (options: StartOptions) => Promise<Pick<INestApplicationContext, 'get' | 'close'>>;
}

/**
 * Runs one command. Never rejects: what goes wrong is written to the terminal.
 *
 * @returns with what the process ends: 0 done, 1 failed as a whole or in part, 2 wrong usage, of which nearly all is found
 * before anything is started
 */
export async function runCommandLine(args: readonly string[], parts: CommandLineParts): Promise<ExitCode | 2> {
  const { terminal } = parts;
  let isVerbose = false;
  try {
    const parsed = parseCommandLine(args, COMMANDS);
    if (parsed.isHelp) {
      for (const line of helpLines(COMMANDS, parsed, terminal.columns)) terminal.result(line);
      return 0;
    }
    isVerbose = parsed.flags.has('verbose');
    const run = prepared(parsed, parts, isVerbose);
    return await run({ terminal, signal: parts.signal });
  } catch (error) {
    const text = isVerbose ? (stackOf(error) ?? errorText(error)) : errorText(error);
    terminal.note(printable(text, 'lines'));
    return isDispatchError(error) && USAGE_CODES.has(error.code) ? 2 : 1;
  }
}

/** Reads everything that can be wrong before anything is started. @throws DISPATCH_COMMAND_USAGE */
function prepared(parsed: ParsedCommandLine, parts: CommandLineParts, isVerbose: boolean): StandaloneCommandRun {
  const { group, command, flags } = parsed;
  const run = command && runOf(command, parsed, parts, isVerbose);
  if (run === undefined || flags.problems.length > 0) {
    const names = [group?.name, command?.name].filter((name) => name !== undefined);
    throw new CommandUsageError(flags.problems, [PROGRAM, ...names, '--help'].join(' '));
  }
  return run;
}

function runOf(
  command: Command,
  { flags, operands }: ParsedCommandLine,
  { terminal, start }: CommandLineParts,
  isVerbose: boolean,
): StandaloneCommandRun | undefined {
  if (isStandalone(command)) return command.prepare(flags, operands, terminal);
  const file = flags.text('app') ?? flags.problem('Say which application it is: --app dist/app.module.js.');
  const run = command.prepare(flags, operands, terminal);
  return file === undefined
    ? undefined
    : inApplication(run, () => start({ file, module: flags.text('module'), isVerbose }));
}

function inApplication(run: PreparedCommand, start: () => ReturnType<CommandLineParts['start']>): StandaloneCommandRun {
  return async (alone) => {
    const app = await start();
    try {
      return await run({ ...alone, app });
    } finally {
      await app.close();
    }
  };
}
