import type { DeadLetterFilter } from '../../failures/dead-letters/dead-letter-filter.js';
import type { CommandRun } from '../command.js';
import type { Flags, GivenFlags } from '../input/flags.js';
import { extraOperands } from '../input/operands.js';
import type { Terminal } from '../terminal.js';
import { FILTER_FLAGS, filterOf } from './filter-flags.js';

/** The flags of a command that does something to one letter or to many. */
export const TARGET_FLAGS = {
  ...FILTER_FLAGS,
  all: { help: 'all there are' },
  'dry-run': { help: 'does nothing, and says to how many it would be done' },
  yes: { help: 'does not ask first; needed for many where nobody can be asked' },
} satisfies Flags;

/** What a command is to be done to: a letter by its id, or those that a filter fits. */
export type Target = string | DeadLetterFilter;

/** Reads the target: exactly one of an id, flags of a filter and `--all` is to be given. */
export function targetOf(flags: GivenFlags, operands: readonly string[]): Target {
  extraOperands(operands, 1, flags);
  const [id] = operands;
  const filter = filterOf(flags);
  const given = [id, filter, flags.has('all') || undefined].filter((each) => each !== undefined);
  if (given.length === 0) flags.problem('Say which: give an id, or flags such as --cause or --queue, or --all.');
  if (given.length > 1) flags.problem('Give an id, or flags that choose letters, or --all: only one of the three.');
  return id ?? filter ?? {};
}

/** Adds a problem where many letters are concerned, nobody can be asked, and it was not said that it is meant. */
export function needsConsent(target: Target, flags: GivenFlags, terminal: Terminal): void {
  if (typeof target === 'string' || flags.has('yes') || flags.has('dry-run') || terminal.isInteractive) return;
  flags.problem('This is about more than one letter, and nobody can be asked: give --yes, or --dry-run to look first.');
}

/** Asks where many letters are concerned. @returns whether to go on */
export async function hasConsent(
  verb: string,
  flags: GivenFlags,
  { terminal }: CommandRun,
  count: () => Promise<number>,
): Promise<boolean> {
  if (flags.has('yes') || flags.has('dry-run')) return true;
  const matched = await count();
  const answer = await terminal.ask(`${verb} ${counted(matched)}? [y/N] `);
  if (/^y(?:es)?$/i.test(answer)) return true;
  terminal.note('Nothing was done.');
  return false;
}

/** A number of letters in words. */
export function counted(count: number): string {
  return count === 1 ? '1 dead letter' : `${count} dead letters`;
}
