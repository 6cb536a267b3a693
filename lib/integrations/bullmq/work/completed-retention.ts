import type { KeepJobs } from 'bullmq';

import type { QueueSettings } from '../../../index.js';

/** Below this part of what is kept may be too much, so that not every job pays for the removal of another. */
const SURPLUS = 0.05;
/** How long nothing is removed at most, in milliseconds, where jobs end. */
const MAX_PAUSE_MS = 1000;

/** Removes completed jobs that are not kept any more, several at once: one by one costs the store a fifth of its time. */
export class CompletedRetention {
  private readonly kept: KeepJobs;
  private readonly interval: number;
  private sinceRemoval = 0;
  private removedAtMs = -Infinity;

  constructor(keepCompleted: QueueSettings['keepCompleted']) {
    this.kept = keepJobs(keepCompleted);
    this.interval = Math.max(1, Math.floor(keepCompleted.count * SURPLUS));
  }

  /** What BullMQ is to remove when the next job is completed. */
  next(): KeepJobs {
    if (this.kept.count === 0) return this.kept;
    this.sinceRemoval += 1;
    const now = performance.now();
    if (this.sinceRemoval < this.interval && now - this.removedAtMs < MAX_PAUSE_MS) return { count: -1 };
    this.sinceRemoval = 0;
    this.removedAtMs = now;
    return this.kept;
  }
}

/** How BullMQ takes what is kept: an age of nothing would be no limit to it. */
export function keepJobs({ count, ageMs }: QueueSettings['keepCompleted']): { count: number; age?: number } {
  if (count === 0 || ageMs === 0) return { count: 0 };
  return Number.isFinite(ageMs) ? { count, age: Math.ceil(ageMs / 1000) } : { count };
}
