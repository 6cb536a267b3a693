import type { INestApplicationContext } from '@nestjs/common';

import { errorText, isDispatchError, stackOf } from '../common/dispatch-error.js';
import type { StartOptions } from './application/start-application.js';
import type { CommandEntry, ExitCode, PreparedCommand } from './command.js';
import { deadLetterCommands } from './dead-letters/commands.js';
import { describeCommand } from './describe/command.js';
import { CommandUsageError } from './errors.js';
import { helpLines } from './help.js';
import type { GivenFlags } from './input/flags.js';
import { parseCommandLine, PROGRAM, type ParsedCommandLine } from './input/parse-command-line.js';
import { queueCommands } from './queues/commands.js';
import type { Terminal } from './terminal.js';
import { printable } from './text/printable.js';

/** All commands; a new one, or a new group, is added here. */
const COMMANDS: readonly CommandEntry[] = [describeCommand, queueCommands, deadLetterCommands];

/** The errors of those who type; what a service says of what was asked of it is one too. */
const USAGE_CODES: ReadonlySet<string> = new Set(['DISPATCH_COMMAND_USAGE', 'DISPATCH_INVALID_DEAD_LETTER_QUERY']);

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
    const { file, run } = prepared(parsed, terminal);
    return await runIn({ file, run, flags: parsed.flags, isVerbose }, parts);
  } catch (error) {
    const text = isVerbose ? (stackOf(error) ?? errorText(error)) : errorText(error);
    terminal.note(printable(text, 'lines'));
    return isDispatchError(error) && USAGE_CODES.has(error.code) ? 2 : 1;
  }
}

/** Reads everything that can be wrong before anything is started. @throws DISPATCH_COMMAND_USAGE */
function prepared(
  { group, command, flags, operands }: ParsedCommandLine,
  terminal: Terminal,
): { file: string; run: PreparedCommand } {
  const file = flags.text('app');
  if (file === undefined) flags.problem('Say which application it is: --app dist/app.module.js.');
  const run = command?.prepare(flags, operands, terminal);
  if (run === undefined || file === undefined || flags.problems.length > 0) {
    const names = [group?.name, command?.name].filter((name) => name !== undefined);
    throw new CommandUsageError(flags.problems, [PROGRAM, ...names, '--help'].join(' '));
  }
  return { file, run };
}

interface StartedCommand {
  readonly file: string;
  readonly run: PreparedCommand;
  readonly flags: GivenFlags;
  readonly isVerbose: boolean;
}

async function runIn(
  { file, run, flags, isVerbose }: StartedCommand,
  { terminal, signal, start }: CommandLineParts,
): Promise<ExitCode> {
  const app = await start({ file, module: flags.text('module'), isVerbose });
  try {
    return await run({ app, terminal, signal });
  } finally {
    await app.close();
  }
}
