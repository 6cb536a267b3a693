import { describeValue } from '../../common/describe-value.js';
import { MemoryTransaction } from '../memory/in-memory-transactions.js';
import { InvalidInboxOptionsError } from '../errors.js';
import type { InboxEntry, InboxStore } from './inbox-store.port.js';

/** Options of {@link inMemoryInbox}. */
export interface InMemoryInboxOptions {
  /** How many messages are known, from 1; the oldest are forgotten first. Default 100 000. */
  readonly maxEntries?: number;
}

/** Those who wait for the end of a transaction that handles a message. */
type Waiting = ((end: 'committed' | 'rolledBack') => void)[];

/**
 * Keeps which messages were handled in the memory of this process, in transactions of `inMemoryTransactions()`: for tests.
 *
 * @throws DISPATCH_INVALID_INBOX_OPTIONS
 */
export function inMemoryInbox(options: InMemoryInboxOptions = {}): InboxStore<MemoryTransaction> {
  const { maxEntries = 100_000 } = options;
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
    throw new InvalidInboxOptionsError('inMemoryInbox()', [
      `has maxEntries ${describeValue(maxEntries)}, not a whole number from 1`,
    ]);
  }
  return new InMemoryInbox(maxEntries);
}

class InMemoryInbox implements InboxStore<MemoryTransaction> {
  readonly isShared = false;
  /** Until when each message is known, by `performance.now()`; the oldest first. */
  private readonly known = new Map<string, number>();
  private readonly underway = new Map<string, Waiting>();

  constructor(private readonly maxEntries: number) {}

  async record({ key, retentionMs }: InboxEntry, given: MemoryTransaction): Promise<boolean> {
    const transaction = MemoryTransaction.of(given);
    for (let waiting = this.underway.get(key); waiting !== undefined; waiting = this.underway.get(key)) {
      if ((await ended(waiting)) === 'committed') return false;
    }
    const endsAt = this.known.get(key);
    if (endsAt !== undefined && endsAt > performance.now()) return false;
    this.begin(key, retentionMs, transaction);
    return true;
  }

  private begin(key: string, retentionMs: number, transaction: MemoryTransaction): void {
    const waiting: Waiting = [];
    const end = (how: 'committed' | 'rolledBack'): void => {
      this.underway.delete(key);
      if (how === 'committed') this.keep(key, performance.now() + retentionMs);
      for (const told of waiting) told(how);
    };
    transaction.add({ apply: () => end('committed'), drop: () => end('rolledBack') });
    this.underway.set(key, waiting);
  }

  private keep(key: string, endsAt: number): void {
    // Set anew, it stands behind all that are older.
    this.known.delete(key);
    this.known.set(key, endsAt);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= this.maxEntries) break;
      this.known.delete(oldest);
    }
  }
}

function ended(waiting: Waiting): Promise<'committed' | 'rolledBack'> {
  return new Promise((resolve) => waiting.push(resolve));
}
