/** What tells how long a message takes. */
export interface Measurement {
  /** The same on every side that has it. */
  readonly name: string;
  /** @returns nanoseconds per message, over at least the time given where it can be chosen */
  measure(sliceMs: number): Promise<number>;
  /** Which share of the answers never came, over all that was measured. Default 0. */
  lostShare?(): number;
}

/** One thing to do again and again, on one side. */
export interface Scenario {
  /** The same on every side that has it. */
  readonly name: string;
  /** How many messages one operation stands for; a time is given per message. Default 1. */
  readonly messagesPerOperation?: number;
  /** How often handlers are called per operation. Default: the number of messages. */
  readonly callsPerOperation?: number;
  /** Does the operation so many times, one after the other. @returns how often handlers were called, for a check */
  run(operations: number): Promise<number>;
}

/** How long the calibration of a scenario takes, in milliseconds, and how long a batch is to take after it. */
const CALIBRATION_MS = 20;
const BATCH_MS = 5;

/**
 * Runs a scenario again and again and tells what a message costs. That is processor time, the collection of garbage
 * included: on the clock, other programs on the same machine would count as well, and not the same on all sides.
 */
export class Stopwatch implements Measurement {
  readonly name: string;
  private batchSize: number | undefined;

  constructor(private readonly scenario: Scenario) {
    this.name = scenario.name;
  }

  async measure(sliceMs: number): Promise<number> {
    this.batchSize ??= await this.calibrate();
    return (await this.runFor(sliceMs, this.batchSize)) / (this.scenario.messagesPerOperation ?? 1);
  }

  private async calibrate(): Promise<number> {
    const nsPerOperation = await this.runFor(CALIBRATION_MS, 1);
    return Math.max(1, Math.round((BATCH_MS * 1e6) / nsPerOperation));
  }

  /** @returns nanoseconds per operation */
  private async runFor(durationMs: number, batchSize: number): Promise<number> {
    const startedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    let operations = 0;
    let calls = 0;
    let elapsedMs = 0;
    while (elapsedMs < durationMs) {
      calls += await this.scenario.run(batchSize);
      operations += batchSize;
      elapsedMs = performance.now() - startedAt;
    }
    const expected = operations * (this.scenario.callsPerOperation ?? this.scenario.messagesPerOperation ?? 1);
    if (calls !== expected) throw new Error(`"${this.scenario.name}": ${calls} calls of handlers, not ${expected}`);
    const { user, system } = process.cpuUsage(cpuBefore);
    return ((user + system) * 1e3) / operations;
  }
}
