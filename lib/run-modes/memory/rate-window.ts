import type { QueueRateLimit } from '../queue/queue-settings.js';

/** When the last deliveries were, so that no window of time has more of them than a rate limit allows. */
export class RateWindow {
  /** Times in milliseconds, up to `max` of them, written over in a circle. */
  private times: number[] = [];
  private oldest = 0;

  constructor(private limit: Required<QueueRateLimit> | undefined) {}

  configure(limit: Required<QueueRateLimit> | undefined): void {
    if (limit?.max === this.limit?.max && limit?.durationMs === this.limit?.durationMs) return;
    this.limit = limit;
    this.times = [];
    this.oldest = 0;
  }

  /** From when on another delivery is allowed, in milliseconds; 0 for at once. */
  get freeAt(): number {
    if (this.limit === undefined || this.times.length < this.limit.max) return 0;
    return (this.times[this.oldest] ?? 0) + this.limit.durationMs;
  }

  /** Counts a delivery. */
  took(clock: () => number): void {
    if (this.limit === undefined) return;
    if (this.times.length < this.limit.max) {
      this.times.push(clock());
      return;
    }
    this.times[this.oldest] = clock();
    this.oldest = (this.oldest + 1) % this.limit.max;
  }
}
