import { errorText, stackOf } from '../common/dispatch-error.js';
import { isPromiseLike } from '../common/promises.js';
import { DropReport } from './drop-report.js';
import {
  NotificationsDroppedNotification,
  ObserverFailedNotification,
  type DispatchNotification,
  type NotificationClass,
} from './notification.js';
import type { ResolvedNotificationOptions } from './notification.options.js';
import { RingBuffer } from '../common/ring-buffer.js';

/** A method that observes notifications. */
export interface NotificationObserver {
  /** Class and method, as logs show it: `Audit#onCompleted`. */
  readonly name: string;
  /** What it observes; a notification that fits several of them is offered once. */
  readonly types: readonly NotificationClass[];
  /** Runs the method. It may throw, or return a promise that rejects: it is tried again then. */
  handle(notification: DispatchNotification): unknown;
}

/** Where the channel writes what observers cannot be told. A Nest `Logger` is one. */
export interface NotificationLog {
  warn(message: string): void;
  error(message: string, stack?: string): void;
}

/** What a queue needs from the channel it belongs to. */
export interface ObserverQueueHost {
  readonly options: ResolvedNotificationOptions;
  readonly log: NotificationLog;
  /** Takes a notification about this observer. */
  publish(notification: DispatchNotification): void;
  /** Called for each notification the queue has no room for. */
  dropped(): void;
  /** Called whenever nothing is left to do. */
  idle(): void;
}

interface Delivery {
  readonly notification: DispatchNotification;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
}

/**
 * The notifications that wait for one observer method, which runs with one at a time. First attempts are made in order.
 * A failed one waits aside for its retry and joins the end of the queue then, so that it holds up neither other
 * observers nor the notifications behind it; the price is that a retry comes after later notifications.
 */
export class ObserverQueue {
  private readonly waiting: RingBuffer<Delivery>;
  private readonly retryTimers = new Set<NodeJS.Timeout>();
  private readonly drops: DropReport;
  private running = false;
  private closed = false;

  constructor(
    private readonly observer: NotificationObserver,
    private readonly host: ObserverQueueHost,
  ) {
    this.waiting = new RingBuffer(host.options.capacity);
    this.drops = new DropReport((count) => this.reportDrops(count));
  }

  get types(): readonly NotificationClass[] {
    return this.observer.types;
  }

  /** How many notifications are not done with: waiting, running, or waiting for a retry. */
  get pendingCount(): number {
    return this.waiting.size + this.retryTimers.size + (this.running ? 1 : 0);
  }

  /** Takes a notification, or drops it where there is no room. Never throws. */
  next(notification: DispatchNotification): void {
    this.enqueue({ notification, attempt: 1 });
  }

  /** Tells at once about drops that are not reported yet. */
  reportDropsNow(): void {
    this.drops.reportNow();
  }

  /** Forgets what waits. A run in progress ends by itself and is not retried. */
  complete(): void {
    this.closed = true;
    this.drops.reportNow();
    this.waiting.clear();
    for (const timer of this.retryTimers) clearTimeout(timer);
    this.retryTimers.clear();
  }

  private enqueue(delivery: Delivery): void {
    if (this.closed) return;
    if (this.waiting.push(delivery)) this.drain();
    else this.drop(delivery);
  }

  private drain(): void {
    while (!this.running) {
      const delivery = this.waiting.shift();
      if (delivery === undefined) break;
      this.run(delivery);
    }
    if (this.pendingCount === 0) this.host.idle();
  }

  private run(delivery: Delivery): void {
    this.running = true;
    try {
      const result = this.observer.handle(delivery.notification);
      if (isPromiseLike(result)) {
        this.settleLater(delivery, result);
        return;
      }
    } catch (error) {
      this.failed(delivery, error);
    }
    this.running = false;
  }

  /** The promise needs no owner: neither of its two callbacks throws. */
  private settleLater(delivery: Delivery, result: PromiseLike<unknown>): void {
    Promise.resolve(result)
      .catch((error: unknown) => this.failed(delivery, error))
      .finally(() => {
        this.running = false;
        this.drain();
      });
  }

  private failed(delivery: Delivery, error: unknown): void {
    const { options } = this.host;
    if (delivery.attempt >= options.attemptCount || this.closed) return this.giveUp(delivery, error);
    if (this.retryTimers.size >= options.capacity) return this.drop(delivery);
    const timer = setTimeout(() => {
      this.retryTimers.delete(timer);
      this.enqueue({ notification: delivery.notification, attempt: delivery.attempt + 1 });
    }, options.retryDelayMs);
    this.retryTimers.add(timer.unref());
  }

  private giveUp({ notification, attempt }: Delivery, error: unknown): void {
    const { name } = this.observer;
    this.host.log.error(
      `Observer ${name} failed for ${notification.constructor.name} and is not tried again ` +
        `(attempts: ${attempt}): ${errorText(error)}`,
      stackOf(error),
    );
    // An observer of failures that fails would report itself for ever.
    if (notification instanceof ObserverFailedNotification) return;
    this.host.publish(new ObserverFailedNotification(name, notification, error, attempt));
  }

  private drop({ notification }: Delivery): void {
    this.host.dropped();
    // A report of drops that is dropped itself would lead to the next report, for ever.
    if (!(notification instanceof NotificationsDroppedNotification)) this.drops.add();
  }

  private reportDrops(count: number): void {
    const { name } = this.observer;
    this.host.log.warn(`Observer ${name} does not keep up, or keeps failing: ${count} notifications dropped.`);
    this.host.publish(new NotificationsDroppedNotification(count, name));
  }
}
