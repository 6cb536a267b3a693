import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import { delay } from '../../common/promises.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { OutboxErrorNotification } from '../../notifications/outbox/outbox-notifications.js';
import type { OutboxHandover } from './outbox-handover.js';
import type { OutboxBatch } from './outbox-store.port.js';
import type { ResolvedOutbox } from './outbox.options.js';
import { Rest } from './rest.js';

/** How many batches are on their way at once: a queue that does not answer must not hold up the others. */
const MAX_ROUNDS = 4;
/** How long a batch that is on its way when the time is over may take to arrive, in milliseconds. */
const LAST_BATCH_GRACE_MS = 250;

/** What a relay is made of. */
export interface OutboxRelayParts {
  readonly options: ResolvedOutbox;
  readonly handover: Pick<OutboxHandover, 'hand' | 'forget'>;
  readonly channel: NotificationChannel;
}

/** A batch, and the queues that were to be left alone. */
interface Taken {
  readonly batch: OutboxBatch;
  readonly without: readonly string[];
  /** After this, by `performance.now()`, somebody else may have it soon. */
  readonly untilMs: number;
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
  /** Since the store failed. */
  private readonly rest = new Rest();
  /** Queues that could not take anything. */
  private readonly rests = new Map<string, Rest>();

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
    if (!this.isStarted || this.ending.signal.aborted || this.rest.isOn) return;
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
    const { signal } = this.ending;
    try {
      do {
        this.isWoken = false;
        let taken = signal.aborted ? undefined : await this.take();
        while (taken !== undefined) taken = await this.relay(taken);
      } while (this.isWoken && !signal.aborted && !this.rest.isOn);
    } catch (error) {
      this.pause(this.rest, error);
    }
  }

  private async take(): Promise<Taken | undefined> {
    const { store, batchCount: limit, leaseMs } = this.parts.options;
    const without = this.resting();
    // The other half is for the answers to what is handed over last, and for the store.
    const untilMs = performance.now() + leaseMs / 2;
    const batch = await store.take({ limit, leaseMs, without });
    if (batch === undefined) this.rest.end();
    return batch && { batch, without, untilMs };
  }

  /** @returns the next batch; undefined where there is none, or should be none now */
  private async relay({ batch, without, untilMs }: Taken): Promise<Taken | undefined> {
    const { options, handover } = this.parts;
    const { store, batchCount: limit, leaseMs } = options;
    if (batch.messages.length >= limit / 2 && this.rounds.size < MAX_ROUNDS) this.begin();
    const { ends, heldUp, joined } = await handover.hand(batch.messages, untilMs);
    this.leaveAlone(batch, heldUp);
    // A store that gives what is not wanted would be asked for ever.
    const isOfUse = ends.length > 0 || [...heldUp.keys()].some((queue) => !without.includes(queue));
    const left = this.resting();
    const next = isOfUse && !this.ending.signal.aborted ? { limit, leaseMs, without: left } : undefined;
    const newUntilMs = performance.now() + leaseMs / 2;
    const more = await store.settle(batch, ends, next);
    this.rest.end();
    handover.forget(joined);
    // With the same token it is more of what was taken then.
    return more && { batch: more, without: left, untilMs: more.token === batch.token ? untilMs : newUntilMs };
  }

  private resting(): readonly string[] {
    return [...this.rests].flatMap(([queue, { isOn }]) => (isOn ? [queue] : []));
  }

  /** Has queues rest that could not take anything; the others are not held up by what waits for these. */
  private leaveAlone({ messages }: OutboxBatch, heldUp: ReadonlyMap<string, unknown>): void {
    for (const { queue } of messages) if (!heldUp.has(queue)) this.rests.delete(queue);
    for (const [queue, error] of heldUp) {
      const rest = this.rests.get(queue) ?? new Rest();
      this.rests.set(queue, rest);
      this.pause(rest, error);
    }
  }

  private pause(rest: Rest, error: unknown): void {
    if (this.ending.signal.aborted) return;
    const wasOn = rest.isOn;
    // Once for each time that it goes away: the queue, or the store, tells of itself too.
    if (rest.begin() === 1) this.logger.warn(`Messages wait in the outbox: ${errorText(error)}`);
    // Who woke the relay meanwhile does not do so again, and a timer may be early.
    if (!wasOn) setTimeout(() => this.wake(), Math.ceil(rest.leftMs) + 1).unref();
    const { channel } = this.parts;
    if (channel.wants(OutboxErrorNotification)) channel.publish(new OutboxErrorNotification(error));
  }
}
