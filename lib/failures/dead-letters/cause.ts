import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';

/** What letters of one group have in common. */
export interface DeadLetterCause {
  /** A short hash of the rest, without line numbers: a new release does not part a group. */
  readonly cause: string;
  /** The first line of the stack that is the application's own, as `Orders.ship (src/orders.ts:10:3)`. */
  readonly frame: string | undefined;
}

/** How many hexadecimal digits name a cause: with 10 000 groups, two share a name once in five million stores. */
const CAUSE_LENGTH = 16;
/** Where this package is, whose own frames say nothing of the application. */
const OWN_CODE = fileURLToPath(new URL('../../', import.meta.url)).replaceAll('\\', '/');

/** Finds what an error has in common with others: its class, where the application threw it, and the message's name. */
export function causeOf(
  { name, stack }: { readonly name: string; readonly stack: string | undefined },
  messageName: string | undefined,
): DeadLetterCause {
  const frame = applicationFrame(stack);
  const text = JSON.stringify([name, frame && spotOf(frame), messageName]);
  const cause = createHash('sha256').update(text).digest('hex').slice(0, CAUSE_LENGTH);
  return { cause, frame: frame?.replaceAll(`${process.cwd().replaceAll('\\', '/')}/`, '') };
}

/** The function, and the file with its folder: who asks may run in another folder than who failed, or have another copy. */
function spotOf(frame: string): string {
  const place = frame.replace(/:\d+(?::\d+)?\)?$/, '');
  const at = place.lastIndexOf(' (');
  const [called, file] = at === -1 ? ['', place] : [place.slice(0, at), place.slice(at + 2)];
  return [called, ...file.split('/').slice(-2)].join('/');
}

function applicationFrame(stack: string | undefined): string | undefined {
  const lines = stack?.replaceAll('\\', '/').split('\n') ?? [];
  const line = lines.find((each) => /^\s+at /.test(each) && isOfApplication(each));
  return line?.replace(/^\s+at (?:async )?/, '').replaceAll('file://', '');
}

function isOfApplication(line: string): boolean {
  const isForeign = /[(/ ]node:|\/node_modules\/|<anonymous>|\bnative\b/.test(line);
  return !isForeign && !line.includes(OWN_CODE);
}
