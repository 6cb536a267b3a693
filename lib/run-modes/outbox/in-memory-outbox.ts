import { randomUUID } from 'node:crypto';

import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { MemoryTransaction } from '../../transactions/memory/in-memory-transactions.js';
import { InvalidQueueOptionsError } from '../queue/errors.js';
import type { WireError } from '../queue/queue-backend.port.js';
import { OutboxFullError, OutboxTransactionError } from './errors.js';
import { orderOf } from './order-of.js';
import type {
  FailedOutboxMessage,
  NewOutboxMessage,
  OutboxBatch,
  OutboxCounts,
  OutboxEnd,
  OutboxStore,
  OutboxTake,
} from './outbox-store.port.js';

/** Options of {@link inMemoryOutbox}. */
export interface InMemoryOutboxOptions {
  /** How many messages are kept, those set aside too, from 1; a transaction that sends more is rolled back. Default 100 000. */
  readonly maxMessages?: number;
}

interface Row extends NewOutboxMessage {
  readonly id: string;
  readonly addedAtMs: number;
  attempts: number;
  takenBy: string | undefined;
  /** Until when nobody gets it: it is taken, or waits to be tried again. */
  heldUntilMs: number;
  error: WireError | undefined;
  failedAtMs: number | undefined;
}

/**
 * Keeps messages in the memory of this process, for `inMemoryTransactions()`: for tests, and where queues are in memory too.
 * What is in it is gone with the process.
 *
 * @throws DISPATCH_INVALID_QUEUE_OPTIONS
 */
export function inMemoryOutbox(options: InMemoryOutboxOptions = {}): OutboxStore {
  const { maxMessages = 100_000 } = options ?? {};
  const unknown = Object.keys(options ?? {}).filter((name) => name !== 'maxMessages');
  const problems = unknown.map((name) => `it has the unknown option "${name}": there is maxMessages`);
  if (!isOptionsObject(options)) problems.push(`they are ${describeValue(options)}: give an object`);
  if (!Number.isSafeInteger(maxMessages) || maxMessages < 1) {
    problems.push(`maxMessages is ${describeValue(maxMessages)}, not a whole number from 1`);
  }
  if (problems.length > 0) throw new InvalidQueueOptionsError('inMemoryOutbox()', problems);
  return new InMemoryOutbox(maxMessages);
}

class InMemoryOutbox implements OutboxStore {
  readonly isShared = false;
  /** In the order of commits. */
  private readonly rows = new Map<string, Row>();
  private readonly watchers = new Set<() => void>();
  /** How many messages each transaction has added so far. */
  private readonly underWay = new WeakMap<MemoryTransaction, number>();
  private lastId = 0;

  constructor(private readonly maxMessages: number) {}

  async add(messages: readonly NewOutboxMessage[], transaction: unknown): Promise<void> {
    if (!(transaction instanceof MemoryTransaction)) throw new OutboxTransactionError();
    const addedAtMs = Date.now();
    const count = (this.underWay.get(transaction) ?? 0) + messages.length;
    this.underWay.set(transaction, count);
    transaction.add({
      check: () => this.checkRoom(count),
      apply: () => this.insert(messages, addedAtMs),
    });
  }

  async take({ limit, leaseMs, without = [] }: OutboxTake): Promise<OutboxBatch | undefined> {
    const nowMs = Date.now();
    const token = randomUUID();
    const taken: Row[] = [];
    const held = new Set<string>();
    for (const row of this.rows.values()) {
      if (taken.length >= limit) break;
      if (row.failedAtMs !== undefined || without.includes(row.queue)) continue;
      const order = orderOf(row);
      if (order !== undefined && held.has(order)) continue;
      if (row.heldUntilMs <= nowMs) taken.push(row);
      else if (order !== undefined) held.add(order);
    }
    for (const row of taken) Object.assign(row, { takenBy: token, heldUntilMs: nowMs + leaseMs });
    const messages = taken.map(({ id, queue, entry, dueAtMs, attempts, addedAtMs }) => {
      return { id, queue, entry, dueAtMs, attempts, addedAt: new Date(addedAtMs) };
    });
    return messages.length === 0 ? undefined : { token, messages };
  }

  async settle(
    { token, messages }: OutboxBatch,
    ends: readonly OutboxEnd[],
    next?: OutboxTake,
  ): Promise<OutboxBatch | undefined> {
    const nowMs = Date.now();
    for (const { id } of messages) {
      const row = this.rows.get(id);
      if (row?.takenBy === token) Object.assign(row, { takenBy: undefined, heldUntilMs: 0 });
    }
    for (const end of ends) this.end(end, nowMs);
    return next && this.take(next);
  }

  watch(wake: () => void): () => void {
    const watcher = (): void => wake();
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  async counts(): Promise<OutboxCounts> {
    const all = [...this.rows.values()];
    const waiting = all.filter(({ failedAtMs }) => failedAtMs === undefined);
    const [oldest] = waiting;
    return {
      waiting: waiting.length,
      retrying: waiting.filter(({ attempts }) => attempts > 0).length,
      oldestWaitingMs: oldest === undefined ? 0 : Math.max(0, Date.now() - oldest.addedAtMs),
      failed: all.length - waiting.length,
    };
  }

  async failed({ limit, after = '0' }: { limit: number; after?: string }): Promise<readonly FailedOutboxMessage[]> {
    const behind = [...this.rows.values()].filter(({ id }) => Number(id) > Number(after));
    return behind.flatMap(failedOf).slice(0, limit);
  }

  async retry(ids: readonly string[] = [...this.rows.keys()]): Promise<number> {
    const rows = ids.flatMap((id) => this.rows.get(id) ?? []).filter(({ failedAtMs }) => failedAtMs !== undefined);
    for (const row of rows) {
      Object.assign(row, { attempts: 0, heldUntilMs: 0, error: undefined, failedAtMs: undefined });
    }
    this.wake();
    return rows.length;
  }

  private checkRoom(count: number): void {
    if (this.rows.size + count > this.maxMessages) throw new OutboxFullError(this.maxMessages);
  }

  private insert(messages: readonly NewOutboxMessage[], addedAtMs: number): void {
    for (const message of messages) {
      this.lastId += 1;
      const id = String(this.lastId);
      const state = { attempts: 0, takenBy: undefined, heldUntilMs: 0, error: undefined, failedAtMs: undefined };
      this.rows.set(id, { ...message, id, addedAtMs, ...state });
    }
    this.wake();
  }

  private end(end: OutboxEnd, nowMs: number): void {
    const row = this.rows.get(end.id);
    if (row === undefined) return;
    if (end.status === 'sent') {
      this.rows.delete(end.id);
      return;
    }
    row.attempts += 1;
    row.error = end.error;
    if (end.status === 'retry') row.heldUntilMs = nowMs + end.delayMs;
    else row.failedAtMs = nowMs;
  }

  private wake(): void {
    for (const wake of this.watchers) wake();
  }
}

function failedOf({ id, queue, entry, attempts, error, addedAtMs, failedAtMs }: Row): FailedOutboxMessage[] {
  if (failedAtMs === undefined || error === undefined) return [];
  const { name, id: entryId, key } = entry;
  const times = { addedAt: new Date(addedAtMs), failedAt: new Date(failedAtMs) };
  return [{ id, queue, name, entryId, key, attempts, error, ...times }];
}
