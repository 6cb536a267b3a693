import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import { delay } from '../../common/promises.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { OutboxErrorNotification } from '../../notifications/outbox/outbox-notifications.js';
import type { OutboxHandover } from './outbox-handover.js';
import type { OutboxBatch } from './outbox-store.port.js';
import type { ResolvedOutbox } from './outbox.options.js';

/** How many batches are on their way at once: a queue that does not answer must not hold up the others. */
const MAX_ROUNDS = 4;
/** The pause after something that is not there, in milliseconds: it doubles from the first to the last. */
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 10_000;
/** How long a batch that is on its way when the time is over may take to arrive, in milliseconds. */
const LAST_BATCH_GRACE_MS = 250;

/** What a relay is made of. */
export interface OutboxRelayParts {
  readonly options: ResolvedOutbox;
  readonly handover: Pick<OutboxHandover, 'hand'>;
  readonly channel: NotificationChannel;
}

/**
 * Takes what is committed and hands it to its queues, as soon as the store says that there is something, and from time to
 * time without. Any number of them may work on one store.
 */
export class OutboxRelay {
  private readonly logger = new Logger('Queues');
  private readonly rounds = new Set<Promise<void>>();
  private readonly ending = new AbortController();
  private unwatch: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isStarted = false;
  private isWoken = false;
  private failureCount = 0;
  private pausedUntilMs = 0;

  constructor(private readonly parts: OutboxRelayParts) {}

  /** Begins, where it has not begun and was not ended. */
  start(): void {
    if (this.isStarted || this.ending.signal.aborted) return;
    this.isStarted = true;
    this.unwatch = this.parts.options.store.watch?.(() => this.wake());
    this.wake();
    this.pollLater();
  }

  /** Says that there may be something to take. */
  wake(): void {
    if (!this.isStarted || this.ending.signal.aborted || performance.now() < this.pausedUntilMs) return;
    this.isWoken = true;
    if (this.rounds.size < MAX_ROUNDS) this.begin();
  }

  /**
   * Hands over what is committed by now, as long as the time allows and the queues answer, and ends. What is left is taken by
   * another process, or after the next start.
   */
  async close(leftMs: number): Promise<void> {
    this.unwatch?.();
    clearTimeout(this.timer);
    this.wake();
    await Promise.race([this.idle(), delay(leftMs, this.ending.signal)]);
    this.ending.abort();
    await Promise.race([this.idle(), delay(LAST_BATCH_GRACE_MS, AbortSignal.timeout(LAST_BATCH_GRACE_MS))]);
  }

  private async idle(): Promise<void> {
    while (this.rounds.size > 0) await Promise.all(this.rounds);
  }

  private pollLater(): void {
    this.timer = setTimeout(() => {
      this.wake();
      this.pollLater();
    }, this.parts.options.pollEveryMs);
    this.timer.unref();
  }

  private begin(): void {
    const round = this.work().finally(() => this.rounds.delete(round));
    this.rounds.add(round);
  }

  /** Never rejects. Goes on until there is nothing to take, asking once more where it was woken meanwhile. */
  private async work(): Promise<void> {
    const { store, batchCount: limit, leaseMs } = this.parts.options;
    const { signal } = this.ending;
    try {
      do {
        this.isWoken = false;
        let batch = signal.aborted ? undefined : await store.take({ limit, leaseMs });
        while (batch !== undefined) batch = await this.relay(batch);
      } while (this.isWoken && !signal.aborted && performance.now() >= this.pausedUntilMs);
    } catch (error) {
      this.pause(error);
    }
  }

  /** @returns the next batch; undefined where there is none, or should be none now */
  private async relay(batch: OutboxBatch): Promise<OutboxBatch | undefined> {
    const { options, handover } = this.parts;
    const { store, batchCount: limit, leaseMs } = options;
    const { messages } = batch;
    if (messages.length >= limit / 2 && this.rounds.size < MAX_ROUNDS) this.begin();
    const { ends, heldUpBy } = await handover.hand(messages);
    const mayGoOn = heldUpBy === undefined && !this.ending.signal.aborted;
    const next = await store.settle(batch, ends, mayGoOn ? { limit, leaseMs } : undefined);
    if (heldUpBy === undefined) this.failureCount = 0;
    else this.pause(heldUpBy);
    return next;
  }

  private pause(error: unknown): void {
    if (this.ending.signal.aborted) return;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.failureCount, LAST_PAUSE_MS);
    this.pausedUntilMs = performance.now() + pauseMs;
    this.failureCount += 1;
    // Once for each time that it goes away: the queue, or the store, tells of itself too.
    if (this.failureCount === 1) this.logger.warn(`Messages wait in the outbox: ${errorText(error)}`);
    const { channel } = this.parts;
    if (channel.wants(OutboxErrorNotification)) channel.publish(new OutboxErrorNotification(error));
  }
}
