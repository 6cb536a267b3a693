import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';

/**
 * Queues that this process takes nothing from for a time, because a failure policy says so. Other processes go on until
 * they meet the failure themselves, and nothing is left paused when a process dies.
 */
export class QueueRests {
  private readonly logger = new Logger('Queues');
  private readonly untilMs = new Map<string, number>();

  /** Lets a queue rest from now on. Of two rests the one that ends later counts. */
  begin(queue: string, durationMs: number, error: unknown): void {
    const untilMs = performance.now() + durationMs;
    if (untilMs <= (this.untilMs.get(queue) ?? 0)) return;
    this.untilMs.set(queue, untilMs);
    this.logger.warn(`The queue "${queue}" rests for ${durationMs} ms in this process: ${errorText(error)}`);
  }

  /** How long a queue still rests, in milliseconds; 0 where it does not. */
  leftMs(queue: string): number {
    const untilMs = this.untilMs.get(queue);
    if (untilMs === undefined) return 0;
    const leftMs = Math.ceil(untilMs - performance.now());
    if (leftMs > 0) return leftMs;
    this.untilMs.delete(queue);
    return 0;
  }
}
