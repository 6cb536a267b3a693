/** The pause after something that is not there, in milliseconds: it doubles from the first to the last. */
const FIRST_MS = 100;
const LAST_MS = 10_000;

/** For how long something that does not answer is left alone: longer each time. */
export class Rest {
  private count = 0;
  private untilMs = 0;

  get isOn(): boolean {
    return performance.now() < this.untilMs;
  }

  /** Begins, or goes on for longer. @returns how often it has since it was there */
  begin(): number {
    // Told by several at once, it has gone away once.
    if (this.isOn) return Math.max(2, this.count);
    this.untilMs = performance.now() + Math.min(FIRST_MS * 2 ** this.count, LAST_MS);
    this.count += 1;
    return this.count;
  }

  /** It is there. */
  end(): void {
    this.count = 0;
    this.untilMs = 0;
  }
}
