import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';

/** One line of a journal. */
export interface JournalLine<E extends string = string> {
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  /** The process that wrote it. */
  readonly by: string;
  readonly event: E;
  /** Of the message; empty where there is none. */
  readonly id: string;
  readonly key?: string | undefined;
  readonly sequence?: number | undefined;
  readonly attempt?: number | undefined;
  /** More about it, as the event has it. */
  readonly detail?: string | undefined;
}

/**
 * Writes to the journal of a folder, outside the store under test. A line is in the file when `write` returns, whatever
 * happens to the process then; lines of several processes do not mix, and are in the order they were written.
 */
export class JournalWriter<E extends string> {
  private readonly file: number;

  constructor(
    folder: string,
    private readonly by: string,
  ) {
    this.file = openSync(path.join(folder, 'journal'), 'a');
  }

  write(line: Omit<JournalLine<E>, 'at' | 'by'>): void {
    writeSync(this.file, `${JSON.stringify({ at: Date.now(), by: this.by, ...line })}\n`);
  }
}

/** Reads the journal of a folder as it grows. */
export class Journal<E extends string> {
  private readonly file: number;
  private readonly known: JournalLine<E>[] = [];
  private readonly buffer = Buffer.alloc(65_536);
  private rest = '';

  constructor(folder: string) {
    this.file = openSync(path.join(folder, 'journal'), 'a+');
  }

  /** All lines there are by now, in the order they were written. */
  lines(): readonly JournalLine<E>[] {
    for (let count = this.read(); count > 0; count = this.read()) {
      const [...parts] = (this.rest + this.buffer.toString('utf8', 0, count)).split('\n');
      this.rest = parts.pop() ?? '';
      for (const part of parts) this.known.push(JSON.parse(part) as JournalLine<E>);
    }
    return this.known;
  }

  /** The lines of one kind. */
  of(event: E): readonly JournalLine<E>[] {
    return this.lines().filter((line) => line.event === event);
  }

  close(): void {
    closeSync(this.file);
  }

  private read(): number {
    return readSync(this.file, this.buffer, 0, this.buffer.length, null);
  }
}
