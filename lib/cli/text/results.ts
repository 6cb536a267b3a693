import type { Terminal } from '../terminal.js';

/** Prints a result as one JSON document. */
export function printJson(terminal: Terminal, result: unknown): void {
  terminal.result(JSON.stringify(result, undefined, 2));
}
