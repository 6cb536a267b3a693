/** A clock, in milliseconds. */
export type Clock = () => number;

/** The time on the wall: it counts what a server does, and what other programs on the machine do. */
export const wallClock: Clock = () => performance.now();

/** The processor time of this process. */
export const processorClock: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
};

/** Counts the calls of a handler, and times them from the first to the last. */
export class Tally {
  private count = 0;
  private firstAtMs = 0;
  private finish: (elapsedMs: number) => void = () => undefined;
  /** The time from the first call to the last that is expected. */
  readonly elapsedMs = new Promise<number>((resolve) => (this.finish = resolve));

  constructor(
    private readonly expected: number,
    private readonly clock: Clock,
  ) {}

  /** To be called by the handler. */
  note(): void {
    this.count += 1;
    if (this.count === 1) this.firstAtMs = this.clock();
    if (this.count === this.expected) this.finish(this.clock() - this.firstAtMs);
  }

  /** @throws an Error where the handler was called too often or too seldom */
  check(scenario: string): void {
    if (this.count !== this.expected) {
      throw new Error(`"${scenario}": ${this.count} calls of the handler, not ${this.expected}`);
    }
  }
}
