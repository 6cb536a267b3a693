import { setTimeout as delay } from 'node:timers/promises';

/** What is known at one moment. */
export interface Look {
  /** All positions up to here are settled as soon as none of the writers is at work any more. */
  readonly position: number;
  /** The transactions that may have taken positions up to there, and are not over; each name is used once. */
  readonly writers: readonly string[];
}

/** The pauses between looks while an append is about to end, in milliseconds. */
const PAUSES_MS = [1, 2, 4, 8, 16];

/** Finds out up to which position all is settled: whatever has one of these can be read, or never will be. */
export class SettledPosition {
  /** It only rises. */
  position = 0;
  /** The earliest look whose writers are not all known to be over, and how many looks had begun by then. */
  private pending: (Look & { readonly afterLooks: number }) | undefined;
  private lookCount = 0;

  /** @param look asks the server; its writers are all who had written, or begun to, when it was asked */
  constructor(private readonly look: () => Promise<Look>) {}

  /** Comes as far as it can, and waits a moment for appends that are about to end: 31 ms and the time of six questions at most. */
  async advance(): Promise<number> {
    const { position } = await this.once();
    for (const pauseMs of PAUSES_MS) {
      if (this.position >= position) break;
      await delay(pauseMs);
      await this.once();
    }
    return this.position;
  }

  /** Waits for those who are writing now. @returns whether they are over within so many milliseconds */
  async writersEnd(timeoutMs: number): Promise<boolean> {
    const endsAtMs = performance.now() + timeoutMs;
    const { writers } = await this.once();
    let left = writers;
    for (let nth = 0; left.length > 0 && performance.now() < endsAtMs; nth += 1) {
      await delay(PAUSES_MS[nth] ?? PAUSES_MS.at(-1));
      const now = new Set((await this.once()).writers);
      left = left.filter((writer) => now.has(writer));
    }
    return left.length === 0;
  }

  private async once(): Promise<Look> {
    const nth = (this.lookCount += 1);
    const found = await this.look();
    const { pending } = this;
    // One that began before the pending one was there may be older than its writers.
    if (pending !== undefined && nth > pending.afterLooks && areOver(pending.writers, found.writers)) {
      this.settle(pending.position);
      this.pending = undefined;
    }
    if (found.writers.length === 0) this.settle(found.position);
    else this.pending ??= { ...found, afterLooks: this.lookCount };
    return found;
  }

  private settle(position: number): void {
    this.position = Math.max(this.position, position);
  }
}

function areOver(writers: readonly string[], now: readonly string[]): boolean {
  return !now.some((writer) => writers.includes(writer));
}
