import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type {
  ClaimResult,
  IdempotencyClaim,
  IdempotencyStore,
} from '../../pipeline/idempotency/idempotency-store.port.js';

/** One expectation on every store. */
export interface StoreBenchCase {
  readonly title: string;
  /** Throws where the expectation is broken. */
  run(bench: StoreBench): Promise<void>;
}

/** Longer than any case takes, in milliseconds. */
export const LONG_MS = 60_000;
/** So short that it is soon over, in milliseconds. */
export const SHORT_MS = 30;

/** What a case works with: two stores that see the same, a key nobody else uses, and waiting that ends. */
export class StoreBench {
  readonly key = `contract-${randomUUID()}`;

  private constructor(
    readonly store: IdempotencyStore,
    /** That of another process, where the store is shared; otherwise the same. */
    readonly other: IdempotencyStore,
    private readonly patienceMs: number,
  ) {}

  static async open(make: () => IdempotencyStore | Promise<IdempotencyStore>, patienceMs: number): Promise<StoreBench> {
    const store = await make();
    return new StoreBench(store, store.isShared ? await make() : store, patienceMs);
  }

  async close(): Promise<void> {
    await Promise.all([...new Set([this.store, this.other])].map((store) => store.close?.()));
  }

  /** Claims the key of the case for the token, which is told how long its lock holds. */
  claim(token: string, given: Partial<IdempotencyClaim> = {}, store = this.store): Promise<ClaimResult> {
    return store.claim({ key: this.key, token, lockMs: LONG_MS, isWaiting: false, ...given });
  }

  /** Waits for a condition. @throws AssertionError where it does not come true in time */
  async until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + this.patienceMs;
    while (!(await isTrue())) {
      if (Date.now() > deadline) assert.fail(`Waited ${this.patienceMs} ms in vain for ${what}.`);
      await pass(5);
    }
  }
}

/** Waits this long, where time itself is what a case is about. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
