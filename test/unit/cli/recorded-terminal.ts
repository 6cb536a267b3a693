import type { Terminal } from '../../../lib/cli/terminal.js';

/** What a test types into a terminal. */
export interface TypedText {
  /** The answer of a person; where it is left out, there is none. */
  readonly answer?: string;
  readonly input?: string;
  readonly columns?: number;
}

/** A terminal that keeps what is written to it. */
export class RecordedTerminal implements Terminal {
  readonly results: string[] = [];
  readonly notes: string[] = [];
  readonly questions: string[] = [];
  /** The lines shown in the place of each other. */
  readonly progressLines: string[] = [];
  readonly columns: number;
  readonly isInteractive: boolean;

  constructor(private readonly typed: TypedText = {}) {
    this.columns = typed.columns ?? 80;
    this.isInteractive = typed.answer !== undefined;
  }

  /** What was printed. */
  get output(): string {
    return this.results.join('\n');
  }

  /** What was written for the person who looks on. */
  get told(): string {
    return this.notes.join('\n');
  }

  result(line: string): void {
    this.results.push(line);
  }

  note(line: string): void {
    this.notes.push(line);
  }

  progress(line: string): void {
    this.progressLines.push(line);
  }

  ask(question: string): Promise<string> {
    this.questions.push(question);
    return Promise.resolve(this.typed.answer ?? '');
  }

  readInput(): Promise<string> {
    return Promise.resolve(this.typed.input ?? '');
  }
}
