import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { ResolvedDeadLetters } from '../../failures/dead-letters/dead-letter-options.js';
import { DeadLettersAlertNotification } from '../../notifications/dead-letters/dead-letter-notifications.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import type { QueueBackend } from '../queue/queue-backend.port.js';
import { PARKING_PLACES } from '../queue/parked-entries.port.js';

/** What is watched, and who is told. */
export interface LettersWatchParts {
  readonly backend: Pick<QueueBackend, 'counts'>;
  /** The queues this process works on. */
  readonly queues: () => readonly string[];
  readonly channel: NotificationChannel;
  readonly options: ResolvedDeadLetters;
}

/** Warns when a queue holds more dead letters than it should: once, until it holds fewer again. */
export class LettersWatch {
  private readonly logger = new Logger('Queues');
  private readonly alerted = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;

  constructor(private readonly parts: LettersWatchParts) {}

  /** Begins to look, as often as the options say. */
  start(): void {
    const { checkEveryMs, alertAbove } = this.parts.options;
    if (checkEveryMs === 0 || alertAbove === Infinity) return;
    this.timer ??= setInterval(() => void this.look(), checkEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Never rejects. */
  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      await Promise.all(this.parts.queues().map((queue) => this.lookAt(queue)));
    } catch (error) {
      if (this.timer !== undefined) this.logger.error(`The dead letters cannot be counted: ${errorText(error)}`);
    } finally {
      this.isLooking = false;
    }
  }

  private async count(queue: string): Promise<number> {
    const { backend, options } = this.parts;
    const { parked } = await backend.counts(queue);
    const { store } = options;
    const kept =
      store === undefined ? [] : await Promise.all(PARKING_PLACES.map((place) => store.count({ queue, place })));
    return [...Object.values(parked), ...kept].reduce((sum, count) => sum + count, 0);
  }

  private async lookAt(queue: string): Promise<void> {
    const { channel, options } = this.parts;
    const count = await this.count(queue);
    if (count <= options.alertAbove) {
      this.alerted.delete(queue);
      return;
    }
    if (this.alerted.has(queue)) return;
    this.alerted.add(queue);
    this.logger.warn(`The queue "${queue}" holds ${count} dead letters, more than ${options.alertAbove}.`);
    if (!channel.wants(DeadLettersAlertNotification)) return;
    channel.publish(new DeadLettersAlertNotification(queue, count, options.alertAbove));
  }
}
