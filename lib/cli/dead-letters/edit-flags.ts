import { readFile } from 'node:fs/promises';

import { errorText } from '../../common/dispatch-error.js';
import { LetterViews } from '../../operations/letter-views.js';
import { DeadLetters } from '../../failures/dead-letters/dead-letters.js';
import type { CommandRun } from '../command.js';
import { CommandUsageError } from '../errors.js';
import type { Flags, GivenFlags } from '../input/flags.js';
import { PROGRAM } from '../input/parse-command-line.js';
import type { Terminal } from '../terminal.js';

/** The flags that change a letter before it is replayed. */
export const EDIT_FLAGS = {
  header: {
    value: '<name=value>',
    isList: true,
    help: 'with this header set, or taken away where the value is empty; by id only, as often as needed',
  },
  payload: { value: '<file>', help: "with the payload in this JSON file, by id only; '-' is the standard input" },
} satisfies Flags;

/** What is to be changed, as it was typed. */
export interface TypedEdit {
  /** `null` takes a header away. */
  readonly headers: Readonly<Record<string, string | null>> | undefined;
  /** The file, or `'-'`. */
  readonly payload: string | undefined;
}

/** Reads the flags; undefined where none of them is given. */
export function typedEdit(flags: GivenFlags, isOne: boolean): TypedEdit | undefined {
  if (!flags.has('header') && !flags.has('payload')) return undefined;
  if (!isOne) flags.problem('--header and --payload change one letter: give its id.');
  const pairs = flags.list('header').flatMap((text) => {
    const at = text.indexOf('=');
    if (at > 0) return [[text.slice(0, at), text.slice(at + 1) || null] as const];
    flags.problem(`--header is ${JSON.stringify(text)}, not <name>=<value>.`);
    return [];
  });
  return {
    headers: pairs.length === 0 ? undefined : Object.fromEntries(pairs),
    payload: flags.text('payload'),
  };
}

/**
 * The change as the service takes it, with what `show` had masked in the payload put back.
 *
 * @throws DISPATCH_COMMAND_USAGE where the payload cannot be read, is no JSON, or has a mask that stands for nothing
 */
export async function editOf(id: string, { headers, payload: file }: TypedEdit, { app, terminal }: CommandRun) {
  if (file === undefined) return { ...(headers && { headers }) };
  const edited = await readJson(file, terminal);
  const letter = await app.get(DeadLetters).get(id);
  const { payload, lost } =
    letter === undefined ? { payload: edited, lost: [] } : app.get(LetterViews).unmasked(edited, letter);
  if (lost.length > 0) throw usage(`The payload is masked where nothing is stored: ${lost.join(', ')}. Write it out.`);
  return { ...(headers && { headers }), payload };
}

async function readJson(file: string, terminal: Terminal): Promise<unknown> {
  const text = await (file === '-' ? terminal.readInput() : readFile(file, 'utf8')).catch((error: unknown) => {
    throw usage(`The payload cannot be read: ${errorText(error)}.`);
  });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The engine's text quotes the payload.
    throw usage(`The payload in ${file === '-' ? 'the standard input' : file} is no JSON.`);
  }
}

function usage(problem: string): CommandUsageError {
  return new CommandUsageError([problem], `${PROGRAM} dead-letters replay --help`);
}
