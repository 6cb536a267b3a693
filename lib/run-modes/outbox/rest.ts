import { backoffMs } from '../../common/backoff.js';

/** The pause after something that is not there. */
const PAUSE = { baseMs: 100, maxMs: 10_000 };

/** For how long something that does not answer is left alone: longer each time. */
export class Rest {
  private count = 0;
  private untilMs = 0;

  get isOn(): boolean {
    return this.leftMs > 0;
  }

  /** How long it goes on, in milliseconds; 0 where it does not. */
  get leftMs(): number {
    return Math.max(0, this.untilMs - performance.now());
  }

  /** Begins, or goes on for longer. @returns how often it has since it was there */
  begin(): number {
    // Told by several at once, it has gone away once.
    if (this.isOn) return Math.max(2, this.count);
    this.count += 1;
    this.untilMs = performance.now() + backoffMs(PAUSE, this.count);
    return this.count;
  }

  /** It is there. */
  end(): void {
    this.count = 0;
    this.untilMs = 0;
  }
}
