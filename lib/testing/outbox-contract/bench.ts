import assert from 'node:assert/strict';

import type {
  NewOutboxMessage,
  OutboxBatch,
  OutboxEnd,
  OutboxMessage,
  OutboxStore,
} from '../../run-modes/outbox/outbox-store.port.js';

/** Where an outbox is, that nothing else uses. */
export interface OutboxContractPlace {
  /** Makes a store there; where it says that it `isShared`, called twice. Each is closed at the end of the case. */
  readonly store: () => OutboxStore;
  /** Runs work in a transaction that the store can write in: commits where it resolves, rolls back where it rejects. */
  readonly transact: (work: (transaction: unknown) => Promise<void>) => Promise<void>;
}

/** What a case works with. */
export interface OutboxBench extends Pick<OutboxContractPlace, 'transact'> {
  readonly store: OutboxStore;
  /** That of another process, where the store is shared; otherwise the same. */
  readonly other: OutboxStore;
  /** Adds messages in a transaction of their own, and commits it. */
  readonly add: (...messages: readonly NewOutboxMessage[]) => Promise<void>;
  readonly until: (what: string, isTrue: () => boolean | Promise<boolean>) => Promise<void>;
}

/** One expectation. */
export interface OutboxBenchCase {
  readonly title: string;
  run(bench: OutboxBench): Promise<void>;
}

/** Longer than any case takes, in milliseconds. */
export const LONG_MS = 60_000;
/** More than any case has. */
export const ALL = { limit: 1000, leaseMs: LONG_MS };
/** An error as a relay keeps it. */
export const REFUSAL = { name: 'RangeError', message: 'Zu groß \u0000', code: 'TOO_LARGE', stack: undefined };

/** A message, recognised by its number. */
export function message(nth: number, key?: string, given: Partial<NewOutboxMessage> = {}): NewOutboxMessage {
  const entry = { id: `m${nth}`, name: 'orders.place', data: { nth }, key, priority: 100, deduplicationId: undefined };
  return { queue: 'orders', entry, dueAtMs: undefined, ...given };
}

/** Takes a batch. @throws AssertionError where there is none */
export async function taken(store: OutboxStore, take = ALL): Promise<OutboxBatch> {
  const batch = await store.take(take);
  assert.ok(batch !== undefined, 'there is nothing to take');
  return batch;
}

/** The ids of the entries of a batch, in order. */
export function idsOf(batch: OutboxBatch | undefined): string[] {
  return (batch?.messages ?? []).map(({ entry }) => entry.id);
}

/** That all of a batch are in their queues. */
export function sent({ messages }: OutboxBatch): OutboxEnd[] {
  return messages.map(({ id }) => ({ id, status: 'sent' }));
}

/** What was added, of what was taken. */
export function addedOf({ queue, entry, dueAtMs }: OutboxMessage): NewOutboxMessage {
  return { queue, entry, dueAtMs };
}
