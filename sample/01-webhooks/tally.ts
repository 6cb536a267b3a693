import { setTimeout } from 'node:timers/promises';

import { Injectable, Module } from '@nestjs/common';
import {
  isDispatchError,
  MessageRefusedNotification,
  MessageSkippedNotification,
  OnNotification,
  type RouteContext,
  type RouterHooks,
} from 'nestjs-dispatch';

/** How the messages of one key ended. */
export interface KeyCounts {
  routed: number;
  handled: number;
  skipped: number;
  refused: number;
}

/**
 * Counts on the server's side. `onParse` and `onSuccess` are hooks of the router, called for every message; what was
 * skipped or refused it learns from notifications, which arrive a moment after the answer.
 */
@Injectable()
export class Tally implements RouterHooks {
  received = 0;
  handled = 0;
  skipped = 0;
  refused = 0;
  /** Error code to number of messages. */
  readonly refusals = new Map<string, number>();
  readonly keys = new Map<string, KeyCounts>();

  onReceived(): void {
    this.received += 1;
  }

  onParse({ key }: RouteContext): void {
    this.ofKey(key).routed += 1;
  }

  onSuccess({ key }: RouteContext): void {
    this.handled += 1;
    this.ofKey(key).handled += 1;
  }

  @OnNotification(MessageSkippedNotification)
  onSkipped({ key }: MessageSkippedNotification): void {
    this.skipped += 1;
    this.ofKey(key).skipped += 1;
  }

  @OnNotification(MessageRefusedNotification)
  onRefused({ key, error }: MessageRefusedNotification): void {
    this.refused += 1;
    const code = isDispatchError(error) ? error.code : 'another error';
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
    // A message that is refused early has no key yet.
    if (key !== undefined) this.ofKey(key).refused += 1;
  }

  /** Waits until this many messages have ended; gives up after `timeoutMs`, in milliseconds from the call. */
  async ended(count: number, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.handled + this.skipped + this.refused < count && performance.now() < deadline) await setTimeout(5);
  }

  private ofKey(key = '(none)'): KeyCounts {
    const known = this.keys.get(key);
    if (known !== undefined) return known;
    const counts: KeyCounts = { routed: 0, handled: 0, skipped: 0, refused: 0 };
    this.keys.set(key, counts);
    return counts;
  }
}

/** A module of its own, so that the options of the DispatchModule can be made with the tally. */
@Module({ providers: [Tally], exports: [Tally] })
export class TallyModule {}
