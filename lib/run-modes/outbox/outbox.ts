import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { OutboxAlertNotification } from '../../notifications/outbox/outbox-notifications.js';
import { OutboxNotConfiguredError } from './errors.js';
import type { FailedOutboxMessage, OutboxCounts, OutboxStore } from './outbox-store.port.js';
import type { ResolvedOutbox } from './outbox.options.js';

const MAX_PAGE = 1000;

/** How an outbox is. */
export interface OutboxReport extends OutboxCounts {
  readonly isHealthy: boolean;
}

/** Which of the messages that were set aside to show. */
export interface FailedOutboxPage {
  /** How many at most, from 1 to 1000. Default 100. */
  readonly limit?: number;
  /** Only those behind the one of this id. */
  readonly after?: string;
}

/** What the outbox of an application is looked at with; made by the module. */
export interface OutboxParts {
  readonly options: ResolvedOutbox;
  readonly channel: NotificationChannel;
  /** Has the relay of this process look. */
  readonly wake: () => void;
}

/** Tells how the outbox of the application is, and has what was set aside tried again; inject it into a health check. */
export class Outbox {
  private readonly logger = new Logger('Queues');
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: OutboxParts | undefined) {}

  /** Whether the application has one. */
  get isConfigured(): boolean {
    return this.parts !== undefined;
  }

  /** Reports on it. Rejects with what its store says. @throws DISPATCH_OUTBOX_NOT_CONFIGURED */
  async check(): Promise<OutboxReport> {
    const { maxWaiting, maxOldestWaitingMs, maxFailed } = this.configured().options.health;
    const counts = await this.store().counts();
    const { waiting, oldestWaitingMs, failed } = counts;
    const isHealthy = waiting <= maxWaiting && oldestWaitingMs <= maxOldestWaitingMs && failed <= maxFailed;
    return { ...counts, isHealthy };
  }

  /** The messages that were set aside, the oldest first. Rejects with what its store says. @throws DISPATCH_OUTBOX_NOT_CONFIGURED */
  async failed({ limit = 100, after }: FailedOutboxPage = {}): Promise<readonly FailedOutboxMessage[]> {
    return this.store().failed({ limit: Math.min(Math.max(1, Math.trunc(limit)), MAX_PAGE), after });
  }

  /**
   * Has messages that were set aside handed to their queues again, with all attempts there are; without ids all of them. Later
   * messages of their keys may be handled by now.
   *
   * @returns how many; what is not set aside is not counted
   * @throws DISPATCH_OUTBOX_NOT_CONFIGURED
   */
  async retry(ids?: readonly string[]): Promise<number> {
    const count = await this.store().retry(ids);
    this.configured().wake();
    return count;
  }

  /** Begins to look by itself, as often as the options say. */
  start(): void {
    const everyMs = this.parts?.options.health.everyMs ?? 0;
    if (everyMs > 0) this.timer ??= setInterval(() => void this.look(), everyMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Never rejects. Nobody is asked where nobody listens. */
  private async look(): Promise<void> {
    const { channel, options } = this.configured();
    if (!channel.wants(OutboxAlertNotification)) return;
    try {
      const { waiting, oldestWaitingMs, failed } = await this.check();
      const { maxWaiting, maxOldestWaitingMs, maxFailed } = options.health;
      const alert = (reason: OutboxAlertNotification['reason'], value: number, limit: number): void => {
        if (value > limit) channel.publish(new OutboxAlertNotification(reason, value, limit));
      };
      alert('waiting', waiting, maxWaiting);
      alert('oldest', oldestWaitingMs, maxOldestWaitingMs);
      alert('failed', failed, maxFailed);
    } catch (error) {
      this.logger.error(`The health of the outbox cannot be told: ${errorText(error)}`);
    }
  }

  private store(): OutboxStore {
    return this.configured().options.store;
  }

  private configured(): OutboxParts {
    if (this.parts === undefined) throw new OutboxNotConfiguredError();
    return this.parts;
  }
}
