import type { INestApplicationContext } from '@nestjs/common';

import type { Flags, GivenFlags } from './input/flags.js';
import type { Terminal } from './terminal.js';

/** How a command ends: 0 done, 1 failed as a whole or in part. Wrong usage, 2, is told before a command runs. */
export type ExitCode = 0 | 1;

/** What every command runs with. */
export interface StandaloneRun {
  readonly terminal: Terminal;
  /** Aborts where the person has had enough. */
  readonly signal: AbortSignal;
}

/** What a command about an application runs with. */
export interface CommandRun extends StandaloneRun {
  /** The application, without workers and without HTTP. */
  readonly app: Pick<INestApplicationContext, 'get'>;
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

/** A command that is understood and needs nothing to be started. */
export type StandaloneCommandRun = (run: StandaloneRun) => Promise<ExitCode>;

/** A command that needs no application, and so no `--app`. */
export interface StandaloneCommand extends Omit<Command, 'prepare'> {
  readonly isStandalone: true;
  prepare(flags: GivenFlags, operands: readonly string[], terminal: Terminal): StandaloneCommandRun;
}

/** Commands about one thing: `nestjs-dispatch <group> <command>`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
}

/** What stands first in a command line: a group, or a command that needs none. */
export type CommandEntry = CommandGroup | Command | StandaloneCommand;

/** Whether a command does without the application. */
export function isStandalone(command: Command | StandaloneCommand): command is StandaloneCommand {
  return 'isStandalone' in command;
}

/** The commands behind an entry. */
export function commandsOf(entry: CommandEntry): readonly Command[] {
  return 'commands' in entry ? entry.commands : [entry];
}
