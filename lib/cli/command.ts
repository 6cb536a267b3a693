import type { INestApplicationContext } from '@nestjs/common';

import type { Flags, GivenFlags } from './input/flags.js';
import type { Terminal } from './terminal.js';

/** How a command ends: 0 done, 1 failed as a whole or in part. Wrong usage, 2, is told before a command runs. */
export type ExitCode = 0 | 1;

/** What a command runs with. */
export interface CommandRun {
  /** The application, without workers and without HTTP. */
  readonly app: Pick<INestApplicationContext, 'get'>;
  readonly terminal: Terminal;
  /** Aborts where the person has had enough. */
  readonly signal: AbortSignal;
}

/** A command that is understood and has not run yet. */
export type PreparedCommand = (run: CommandRun) => Promise<ExitCode>;

/** One command of a group. */
export interface Command {
  readonly name: string;
  /** What it does, as one line of help that begins with a verb. */
  readonly summary: string;
  /** What stands behind its name, as `'<id>'`; empty for nothing. */
  readonly operands: string;
  /** Its flags, beside those that every command has. A name has the same meaning in every command. */
  readonly flags: Flags;
  /**
   * Reads flags and operands, before the application is started. What is wrong with them is added to the problems of the
   * flags; then the command does not run.
   */
  prepare(flags: GivenFlags, operands: readonly string[], terminal: Terminal): PreparedCommand;
}

/** Commands about one thing: `nestjs-dispatch <group> <command>`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
}

/** What stands first in a command line: a group, or a command that needs none. */
export type CommandEntry = CommandGroup | Command;

/** The commands behind an entry. */
export function commandsOf(entry: CommandEntry): readonly Command[] {
  return 'commands' in entry ? entry.commands : [entry];
}
