const PARTS = 10;

interface Part {
  startedAt: number;
  successes: number;
  failures: number;
}

/** How many calls of the last while succeeded and failed; forgotten in ten steps, so nothing is kept for each call. */
export class OutcomeWindow {
  private parts: Part[] = [];

  constructor(private readonly windowMs: number) {}

  add(isFailure: boolean, time: number): void {
    this.forget(time);
    let part = this.parts.at(-1);
    if (part === undefined || time - part.startedAt >= this.windowMs / PARTS) {
      part = { startedAt: time, successes: 0, failures: 0 };
      this.parts.push(part);
    }
    if (isFailure) part.failures += 1;
    else part.successes += 1;
  }

  counts(time: number): { readonly failures: number; readonly calls: number } {
    this.forget(time);
    const failures = this.parts.reduce((sum, part) => sum + part.failures, 0);
    return { failures, calls: this.parts.reduce((sum, part) => sum + part.successes, failures) };
  }

  clear(): void {
    this.parts = [];
  }

  private forget(time: number): void {
    const isOld = (part: Part | undefined): boolean => part !== undefined && time - part.startedAt >= this.windowMs;
    while (isOld(this.parts[0])) this.parts.shift();
  }
}
