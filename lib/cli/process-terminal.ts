import { text } from 'node:stream/consumers';
import { createInterface } from 'node:readline/promises';

import type { Terminal } from './terminal.js';

const DEFAULT_COLUMNS = 80;

/** The terminal of this process. */
export interface ProcessTerminal extends Terminal {
  /** Resolves when all that was written has left the process. */
  flush(): Promise<void>;
}

/**
 * Takes the standard output for results alone: from here on, whatever else the process writes there, such as logs of the
 * application that is started, goes to the standard error, so that results can be piped into another program. Where that
 * program has ended, as `head` does, the process ends too.
 */
export function processTerminal(): ProcessTerminal {
  const { stdout, stderr, stdin } = process;
  const writeResult = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr);
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  return {
    columns: stdout.isTTY && stdout.columns > 0 ? stdout.columns : DEFAULT_COLUMNS,
    isInteractive: stdin.isTTY && stderr.isTTY,
    result: (line) => void writeResult(`${line}\n`),
    note: (line) => void stderr.write(`${line}\n`),
    // Back to the start of the line, and clear it.
    progress: (line) => void (stderr.isTTY && stderr.write(`\r\u001b[2K${line}`)),
    readInput: () => text(stdin),
    async ask(question) {
      const lines = createInterface({ input: stdin, output: stderr });
      const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
      const answer = await Promise.race([lines.question(question), ended]);
      lines.close();
      return answer.trim();
    },
    flush: () => new Promise((resolve) => writeResult('', () => stderr.write('', () => resolve()))),
  };
}
