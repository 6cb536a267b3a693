import { NoAnswer } from './outage.js';

interface Waiting {
  readonly endsAtMs: number;
  readonly giveUp: (error: NoAnswer) => void;
}

/**
 * Gives each answer its time, by the clock that only rises, with one timer for all of them: one for each takes longer than to wait for some
 * answers. What is waited for keeps the process alive, this does not.
 */
export class TimeLimits {
  private readonly waiting = new Set<Waiting>();
  private timer: NodeJS.Timeout | undefined;
  private wakesAtMs = Number.POSITIVE_INFINITY;

  /** @throws NoAnswer where the answer does not come in time */
  within<T>(endsAtMs: number, answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = { endsAtMs, giveUp: reject };
      this.waiting.add(waiting);
      if (endsAtMs < this.wakesAtMs) this.wakeAt(endsAtMs);
      answer.then(
        (value) => {
          this.waiting.delete(waiting);
          resolve(value);
        },
        (error: unknown) => {
          this.waiting.delete(waiting);
          reject(error);
        },
      );
    });
  }

  private wakeAt(atMs: number): void {
    clearTimeout(this.timer);
    this.wakesAtMs = atMs;
    // Rounded up, as a timer rounds down.
    this.timer = setTimeout(() => this.look(), Math.max(1, Math.ceil(atMs - performance.now())));
    this.timer.unref();
  }

  private look(): void {
    const nowMs = performance.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const waiting of this.waiting) {
      const { endsAtMs, giveUp } = waiting;
      if (endsAtMs <= nowMs) {
        this.waiting.delete(waiting);
        giveUp(new NoAnswer());
      } else nextMs = Math.min(nextMs, endsAtMs);
    }
    this.wakesAtMs = Number.POSITIVE_INFINITY;
    if (nextMs < this.wakesAtMs) this.wakeAt(nextMs);
  }
}
