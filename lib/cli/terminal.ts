/** What a command writes to and reads from. */
export interface Terminal {
  /** How many columns a line of results may have; 80 where results do not go to a terminal. */
  readonly columns: number;
  /** Whether a person can answer. */
  readonly isInteractive: boolean;
  /** Writes a line of results. */
  result(line: string): void;
  /** Writes a line for the person who looks on: warnings, errors, progress. */
  note(line: string): void;
  /** Shows a line in the place of the one shown so before, where a person looks on; an empty one takes it away. */
  progress(line: string): void;
  /** Asks the person. @returns the answer, empty where there is none */
  ask(question: string): Promise<string>;
  /** Reads all of the standard input as UTF-8. */
  readInput(): Promise<string>;
}
