import type { QueueSettings } from '../../../index.js';
import type { StoreQueue } from '../store.js';

/** How often finished jobs are looked at that are too old, in milliseconds: at most, and at least. */
const SHORTEST_MS = 500;
const LONGEST_MS = 60_000;
/** How many jobs are removed at one look. */
const MAX_REMOVED = 1000;

/**
 * Removes finished jobs that have grown too old. BullMQ looks at their age only when another job of the same queue ends, so
 * what a quiet queue or lane keeps would stay for ever.
 */
export class AgeSweep {
  private readonly timer: NodeJS.Timeout;
  private isSweeping = false;
  private isClosed = false;

  constructor(
    private readonly queues: readonly StoreQueue[],
    private readonly settings: Pick<QueueSettings, 'keepCompleted' | 'keepParked'>,
    private readonly report: (error: unknown) => void,
  ) {
    const shortest = Math.min(settings.keepCompleted.ageMs, settings.keepParked.ageMs);
    const everyMs = Math.min(Math.max(shortest / 2, SHORTEST_MS), LONGEST_MS);
    this.timer = setInterval(() => void this.sweep(), everyMs).unref();
  }

  /** Looks no more. A look under way is not waited for: a store that is down may never answer it. */
  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
  }

  /** Never rejects. */
  private async sweep(): Promise<void> {
    if (this.isSweeping) return;
    this.isSweeping = true;
    const { keepCompleted, keepParked } = this.settings;
    const ages = { completed: keepCompleted.ageMs, failed: keepParked.ageMs } as const;
    for (const queue of this.queues) {
      for (const state of ['completed', 'failed'] as const) {
        if (this.isClosed || !Number.isFinite(ages[state])) continue;
        await queue.clean(ages[state], MAX_REMOVED, state).catch((error: unknown) => this.failed(error));
      }
    }
    this.isSweeping = false;
  }

  private failed(error: unknown): void {
    if (!this.isClosed) this.report(error);
  }
}
