import { describeValue } from '../../common/describe-value.js';
import { InvalidIdempotencyOptionsError } from './errors.js';
import type { ClaimResult, IdempotencyClaim, IdempotencyStore, ReleasedFailure } from './idempotency-store.port.js';

/** Options of {@link memoryIdempotency}. */
export interface MemoryIdempotencyOptions {
  /** How many outcomes are kept, from 1; the oldest go first. Calls that run are always kept. Default 100 000. */
  readonly maxEntries?: number;
}

interface Lock {
  readonly token: string;
  endsAt: number;
}

interface Ended {
  readonly token: string;
  readonly status: 'completed' | 'failed';
  readonly outcome: string;
  readonly endsAt: number;
}

/** How many old outcomes are looked at for each new one: two for one, so what has run out goes faster than new ones come. */
const SWEPT_AT_ONCE = 2;

/**
 * Keeps idempotent calls in the memory of this process: what another process has run, or this one before a restart, is not
 * known. The default.
 *
 * @throws DISPATCH_INVALID_IDEMPOTENCY_OPTIONS
 */
export function memoryIdempotency(options: MemoryIdempotencyOptions = {}): IdempotencyStore {
  const { maxEntries = 100_000 } = options;
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
    throw new InvalidIdempotencyOptionsError('memoryIdempotency()', [
      `has maxEntries ${describeValue(maxEntries)}, not a whole number from 1`,
    ]);
  }
  return new MemoryIdempotencyStore(maxEntries);
}

class MemoryIdempotencyStore implements IdempotencyStore {
  readonly isShared = false;
  private readonly locks = new Map<string, Lock>();
  private readonly ended = new Map<string, Ended>();
  private readonly waiting = new Map<string, Set<() => void>>();

  constructor(private readonly maxEntries: number) {}

  async claim({ key, token, lockMs, isWaiting }: IdempotencyClaim): Promise<ClaimResult> {
    const ended = this.endedOf(key);
    if (ended !== undefined && (ended.status === 'completed' || isWaiting)) {
      return { status: ended.status, outcome: ended.outcome };
    }
    if (this.isElsewhere(key, token)) return { status: 'running' };
    this.ended.delete(key);
    this.locks.set(key, { token, endsAt: performance.now() + lockMs });
    return { status: 'claimed' };
  }

  async renew(key: string, token: string, lockMs: number): Promise<boolean> {
    if (this.isElsewhere(key, token) || this.endedOf(key)?.status === 'completed') return false;
    this.ended.delete(key);
    this.locks.set(key, { token, endsAt: performance.now() + lockMs });
    return true;
  }

  async complete(key: string, token: string, outcome: string, ttlMs: number): Promise<boolean> {
    const ended = this.endedOf(key);
    if (ended?.status === 'completed') return ended.token === token;
    if (this.isElsewhere(key, token)) return false;
    this.end(key, { token, status: 'completed', outcome, endsAt: performance.now() + ttlMs });
    return true;
  }

  async release(key: string, token: string, failure?: ReleasedFailure): Promise<void> {
    if (this.locks.get(key)?.token !== token) return;
    if (failure === undefined) {
      this.locks.delete(key);
      this.wake(key);
      return;
    }
    const { outcome, keepMs } = failure;
    this.end(key, { token, status: 'failed', outcome, endsAt: performance.now() + keepMs });
  }

  changed(key: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.waiting.get(key) ?? new Set();
      this.waiting.set(key, waiting);
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        waiting.delete(finish);
        if (waiting.size === 0) this.waiting.delete(key);
        resolve();
      };
      const timer = setTimeout(finish, timeoutMs);
      signal.addEventListener('abort', finish);
      waiting.add(finish);
    });
  }

  private isElsewhere(key: string, token: string): boolean {
    const lock = this.locks.get(key);
    return lock !== undefined && lock.token !== token && lock.endsAt > performance.now();
  }

  private endedOf(key: string): Ended | undefined {
    const ended = this.ended.get(key);
    return ended !== undefined && ended.endsAt > performance.now() ? ended : undefined;
  }

  private end(key: string, ended: Ended): void {
    this.locks.delete(key);
    // Set anew, it stands behind all that are older.
    this.ended.delete(key);
    this.sweep();
    this.ended.set(key, ended);
    this.wake(key);
  }

  private sweep(): void {
    const now = performance.now();
    let looked = 0;
    for (const [key, { endsAt }] of this.ended) {
      const isFull = this.ended.size >= this.maxEntries;
      if (looked >= SWEPT_AT_ONCE && !isFull) return;
      looked += 1;
      if (isFull || endsAt <= now) this.ended.delete(key);
    }
  }

  private wake(key: string): void {
    for (const finish of this.waiting.get(key) ?? []) finish();
  }
}
