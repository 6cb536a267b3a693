import { createHash } from 'node:crypto';

/** A statement, and the name under which a server is to keep it. */
export interface NamedText {
  readonly text: string;
  readonly name: string | undefined;
}

/** Gives a statement a name of its own, where servers are to keep it for each connection; a server takes 63 bytes. */
export function namedText(text: string, isKept: boolean): NamedText {
  const name = isKept ? `dispatch_${createHash('sha256').update(text).digest('hex').slice(0, 24)}` : undefined;
  return { text, name };
}
