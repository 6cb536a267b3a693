import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { QueueAlertNotification } from '../../notifications/task-notifications.js';
import type { QueueCounts } from '../queue/queue-backend.port.js';
import type { QueueRateLimit } from '../queue/queue-settings.js';

/** When a queue is outside its limits, and how often that is looked at. */
export interface QueueHealthOptions {
  /** How many messages may wait in a queue. Default 1000. */
  readonly maxWaiting?: number;
  /** How many parked messages a queue may hold, over all places; letters in a `DeadLetterStore` do not count. Default 100. */
  readonly maxFailed?: number;
  /** How often the queues are looked at, in milliseconds; 0 for never. Default 30 000. */
  readonly everyMs?: number;
}

/** How a queue is. */
export interface QueueReport {
  readonly queue: string;
  /** How many messages are ready and wait. */
  readonly depth: number;
  /** How long the oldest of them has waited, in milliseconds; 0 where none waits. */
  readonly oldestWaitingMs: number;
  readonly delayed: number;
  /** How many are being handled, in all processes. */
  readonly active: number;
  /** How many are parked in the queue, over all places. A `DeadLetterStore` is counted by `DeadLetters#count` and its own alert. */
  readonly failed: number;
  /** How many this process has found stalled since it started. */
  readonly stalled: number;
  readonly isPaused: boolean;
  /** No less waits than at the look before, while nobody is at work and this process's worker has been given nothing since. */
  readonly isIdleWhileWaiting: boolean;
  readonly isHealthy: boolean;
}

/** What the health of queues is read from; made by the module. */
export interface QueueHealthParts {
  readonly names: () => readonly string[];
  readonly counts: (queue: string) => Promise<QueueCounts>;
  readonly stalledCount: (queue: string) => number;
  /** What the worker of this process does; `undefined` for a queue it does not work on. */
  readonly activity: (queue: string) => { readonly started: number; readonly running: number } | undefined;
  readonly rateLimit: (queue: string) => Required<QueueRateLimit> | undefined;
  readonly channel: NotificationChannel;
  readonly options: Required<QueueHealthOptions>;
}

/** How far apart two looks are at least that are compared, in milliseconds. */
const LEAST_LOOK_MS = 5000;

/** What the last look found. */
interface Look {
  readonly atMs: number;
  readonly isIdle: boolean;
  readonly depth: number;
  readonly started: number;
}

/** Tells how the queues of the application are; inject it into a health check. It also looks by itself, and raises alerts. */
export class QueueHealth {
  private readonly logger = new Logger('Queues');
  private readonly looks = new Map<string, Look>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: () => QueueHealthParts) {}

  /**
   * Reports on every queue, or on one.
   *
   * @throws DISPATCH_QUEUE_UNAVAILABLE where the store does not answer, DISPATCH_INVALID_QUEUE_OPTIONS for a queue that is
   * not known, DISPATCH_NO_QUEUE where there are none
   */
  async check(queue?: string): Promise<readonly QueueReport[]> {
    const names = queue === undefined ? this.parts().names() : [queue];
    return Promise.all(names.map(async (name) => this.report(name, await this.parts().counts(name))));
  }

  /** Begins to look by itself, as often as the options say. */
  start(): void {
    const { everyMs } = this.parts().options;
    if (everyMs > 0) this.timer ??= setInterval(() => void this.look(), everyMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Never rejects. Nobody is asked where nobody listens. */
  private async look(): Promise<void> {
    if (!this.parts().channel.wants(QueueAlertNotification)) return;
    try {
      for (const report of await this.check()) this.alert(report);
    } catch (error) {
      this.logger.error(`The health of the queues cannot be told: ${errorText(error)}`);
    }
  }

  private report(queue: string, counts: QueueCounts): QueueReport {
    const { options, stalledCount } = this.parts();
    const { waiting: depth, delayed, active, oldestWaitingMs, isPaused } = counts;
    const failed = Object.values(counts.parked).reduce((sum, count) => sum + count, 0);
    const isIdleWhileWaiting = this.isIdle(queue, counts);
    const isHealthy = depth <= options.maxWaiting && failed <= options.maxFailed && !isIdleWhileWaiting;
    const stalled = stalledCount(queue);
    return { queue, depth, oldestWaitingMs, delayed, active, failed, stalled, isPaused, isIdleWhileWaiting, isHealthy };
  }

  private isIdle(queue: string, { waiting: depth, active, isPaused }: QueueCounts): boolean {
    const activity = this.parts().activity(queue);
    const last = this.looks.get(queue);
    const nowMs = Date.now();
    if (activity === undefined) return false;
    // Two probes close together tell nothing: the older look stays until it is old enough to compare with.
    if (last !== undefined && nowMs - last.atMs < this.comparableMs(queue)) return last.isIdle;
    const isStill = last !== undefined && activity.started === last.started && activity.running === 0;
    const isIdle = isStill && active === 0 && !isPaused && last.depth > 0 && depth >= last.depth;
    this.looks.set(queue, { depth, started: activity.started, atMs: nowMs, isIdle });
    return isIdle;
  }

  /** How long a worker may be given nothing and be well, in milliseconds: a rate limit may hold everything back that long. */
  private comparableMs(queue: string): number {
    const { options, rateLimit } = this.parts();
    return Math.max(Math.min(LEAST_LOOK_MS, options.everyMs), (rateLimit(queue)?.durationMs ?? 0) * 2);
  }

  private alert({ queue, depth, failed, isIdleWhileWaiting }: QueueReport): void {
    const { channel, options } = this.parts();
    const { maxWaiting, maxFailed } = options;
    if (depth > maxWaiting) channel.publish(new QueueAlertNotification(queue, 'waiting', depth, maxWaiting));
    if (failed > maxFailed) channel.publish(new QueueAlertNotification(queue, 'failed', failed, maxFailed));
    if (isIdleWhileWaiting) channel.publish(new QueueAlertNotification(queue, 'idle', depth, 0));
  }
}
