import { MAX_TIMEOUT_MS } from './timeout.js';

/** The time, in milliseconds. Read here with every call, so that a test's fake timers rule whoever uses it. */
export function now(): number {
  return Date.now();
}

/**
 * One timer for whatever is due first, instead of one for each. It keeps the process alive while it is set, since what it
 * waits for would be lost with the process; `clear()` ends that.
 */
export class DueTimer {
  private handle: NodeJS.Timeout | undefined;
  private dueAt = Number.POSITIVE_INFINITY;

  constructor(private readonly onDue: () => void) {}

  /** Calls `onDue` once at this time, in place of the time set before; never where it is undefined or infinite. */
  set(dueAt: number = Number.POSITIVE_INFINITY): void {
    if (dueAt === this.dueAt) return;
    clearTimeout(this.handle);
    this.dueAt = dueAt;
    this.arm();
  }

  clear(): void {
    this.set(undefined);
  }

  private arm(): void {
    if (this.dueAt === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(MAX_TIMEOUT_MS, Math.max(0, this.dueAt - now()));
    this.handle = setTimeout(this.onTimeout, delayMs);
  }

  /** A timer may fire a millisecond early, and cannot reach further than `MAX_TIMEOUT_MS`: then it is set again. */
  private readonly onTimeout = (): void => {
    if (now() < this.dueAt) {
      this.arm();
      return;
    }
    this.dueAt = Number.POSITIVE_INFINITY;
    this.onDue();
  };
}
