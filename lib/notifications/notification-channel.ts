import { AsyncResource } from 'node:async_hooks';

import { Logger } from '@nestjs/common';

import { DropReport } from './drop-report.js';
import { NotificationsDroppedNotification, type DispatchNotification, type NotificationClass } from './notification.js';
import {
  resolveNotificationOptions,
  type NotificationOptions,
  type ResolvedNotificationOptions,
} from './notification.options.js';
import { ObserverQueue, type NotificationLog, type NotificationObserver } from './observer-queue.js';
import { RingBuffer } from '../common/ring-buffer.js';

/** Takes notifications from the channel, one by one, in the order they were published. Its methods must not throw. */
export interface NotificationListener {
  /** What it listens to; a notification that fits several of them is given once. */
  readonly types: readonly NotificationClass[];
  next(notification: DispatchNotification): void;
  /** The channel is closed: nothing follows. */
  complete(): void;
}

/**
 * Carries notifications from those who publish to those who observe, on a delivery loop of its own: publishing neither
 * waits nor throws, and an observer runs outside the turn, and outside the ambient context, of the message it is told
 * about. Order: as published, per listener. Delivery: at most once to streams; to observer methods with retries, see
 * `NotificationOptions`. Where the channel is full the newest notification is dropped, so what is delivered before a
 * gap is complete; drops are counted and told by one log line and one `NotificationsDroppedNotification` per burst.
 */
export class NotificationChannel {
  private readonly buffer: RingBuffer<DispatchNotification>;
  private readonly options: ResolvedNotificationOptions;
  private readonly drops = new DropReport((count) => this.reportDrops(count));
  private readonly queues = new Set<ObserverQueue>();
  private readonly flushes = new Set<(isDone: boolean) => void>();
  /** Who gets the instances of a class, worked out when first asked, forgotten when a listener comes or goes. */
  private readonly routes = new Map<NotificationClass, readonly NotificationListener[]>();
  private readonly turn = AsyncResource.bind(() => this.deliverBuffered());
  private listeners: readonly NotificationListener[] = [];
  private isActive = false;
  private isScheduled = false;
  private isClosed = false;
  private dropCount = 0;

  /** @throws DISPATCH_INVALID_NOTIFICATION_OPTIONS where an option is out of range */
  constructor(
    options: NotificationOptions = {},
    /** Where failures of observers and lost notifications are written. */
    readonly log: NotificationLog = new Logger('Notifications'),
  ) {
    this.options = resolveNotificationOptions(options);
    this.buffer = new RingBuffer(this.options.capacity);
  }

  /** Whether anybody listens to anything; as cheap as reading a field, for a publisher's hot path. */
  get active(): boolean {
    return this.isActive;
  }

  /** How many notifications were lost so far: in the channel, at an observer method, or undelivered at `close()`. */
  get droppedCount(): number {
    return this.dropCount;
  }

  /** Whether anybody listens to a class of notifications. Ask before making one: for nobody none need be made. */
  wants(type: NotificationClass): boolean {
    return this.isActive && this.routeOf(type).length > 0;
  }

  /** Takes a notification and returns at once. Never throws. Where nobody listens, and after `close()`, nothing happens. */
  publish(notification: DispatchNotification): void {
    if (!this.wants(classOf(notification))) return;
    if (this.buffer.push(notification)) {
      this.schedule();
    } else {
      this.dropCount += 1;
      this.drops.add();
    }
  }

  /** Adds a listener and returns what removes it. On a closed channel the listener completes at once. */
  listen(listener: NotificationListener): () => void {
    if (this.isClosed) {
      listener.complete();
      return () => undefined;
    }
    this.changeListeners([...this.listeners, listener]);
    return () => this.changeListeners(this.listeners.filter((other) => other !== listener));
  }

  /**
   * Adds an observer method, with a queue and retries of its own, and returns what removes it; what waits in the queue
   * is forgotten then.
   */
  observe(observer: NotificationObserver): () => void {
    const queue = new ObserverQueue(observer, {
      options: this.options,
      log: this.log,
      publish: (notification) => this.publish(notification),
      dropped: () => (this.dropCount += 1),
      idle: () => this.settleFlushes(),
    });
    const removeListener = this.listen(queue);
    if (!this.isClosed) this.queues.add(queue);
    return () => {
      removeListener();
      if (this.queues.delete(queue)) queue.complete();
      this.settleFlushes();
    };
  }

  /**
   * Waits until everything published so far, and until then, is delivered, retries included; drops not yet reported
   * are reported first. Resolves with false where that takes longer than `timeoutMs`, in milliseconds from the call;
   * 0 only asks whether anything is left.
   */
  flush(timeoutMs: number): Promise<boolean> {
    this.drops.reportNow();
    for (const queue of this.queues) queue.reportDropsNow();
    if (this.pendingCount === 0 || timeoutMs <= 0) return Promise.resolve(this.pendingCount === 0);
    return new Promise((resolve) => {
      const settle = (isDone: boolean): void => {
        clearTimeout(timer);
        this.flushes.delete(settle);
        resolve(isDone);
      };
      const timer = setTimeout(() => settle(false), timeoutMs);
      this.flushes.add(settle);
    });
  }

  /**
   * Ends the channel: streams complete, what is not delivered is counted as dropped and told in one log line. Call
   * `flush` first to wait for it. Later calls change nothing.
   */
  close(): void {
    if (this.isClosed) return;
    this.drops.reportNow();
    const lostCount = this.pendingCount;
    const listeners = this.listeners;
    this.isClosed = true;
    this.changeListeners([]);
    this.buffer.clear();
    for (const listener of listeners) listener.complete();
    this.queues.clear();
    for (const settle of [...this.flushes]) settle(false);
    this.dropCount += lostCount;
    if (lostCount > 0) this.log.warn(`Closed with ${lostCount} notifications not yet handled by their observers.`);
  }

  private get pendingCount(): number {
    let count = this.buffer.size;
    for (const queue of this.queues) count += queue.pendingCount;
    return count;
  }

  private changeListeners(listeners: readonly NotificationListener[]): void {
    this.listeners = listeners;
    this.isActive = listeners.length > 0;
    this.routes.clear();
  }

  private routeOf(type: NotificationClass): readonly NotificationListener[] {
    let route = this.routes.get(type);
    if (route === undefined) {
      const fits = (wanted: NotificationClass): boolean => wanted === type || type.prototype instanceof wanted;
      route = this.listeners.filter((listener) => listener.types.some(fits));
      this.routes.set(type, route);
    }
    return route;
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(this.turn);
  }

  /** Delivers what was there at the start; what is published meanwhile waits for the next turn. */
  private deliverBuffered(): void {
    this.isScheduled = false;
    for (let left = this.buffer.size; left > 0; left -= 1) {
      const notification = this.buffer.shift();
      if (notification !== undefined) this.deliver(notification);
    }
    if (this.buffer.size > 0) this.schedule();
    else this.settleFlushes();
  }

  private deliver(notification: DispatchNotification): void {
    for (const listener of this.routeOf(classOf(notification))) listener.next(notification);
  }

  private settleFlushes(): void {
    if (this.flushes.size === 0 || this.pendingCount > 0) return;
    for (const settle of [...this.flushes]) settle(true);
  }

  /** Goes past the buffer, which may be full still. */
  private reportDrops(count: number): void {
    this.log.warn(
      `Observers do not keep up: ${count} notifications dropped, the channel holds ${this.options.capacity}.`,
    );
    if (this.wants(NotificationsDroppedNotification)) {
      this.deliver(new NotificationsDroppedNotification(count, undefined));
    }
  }
}

/** An object's `constructor` is its class; the type system only knows it as a Function. */
function classOf(notification: DispatchNotification): NotificationClass {
  return notification.constructor as NotificationClass;
}
