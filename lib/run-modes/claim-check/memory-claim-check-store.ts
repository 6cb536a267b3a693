import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import type { ClaimCheckStore } from './claim-check-store.port.js';
import { ClaimCheckFullError, InvalidClaimCheckOptionsError } from './errors.js';

/** Options of {@link memoryClaimCheck}. */
export interface MemoryClaimCheckOptions {
  /** How many bytes all payloads together may have as UTF-8, from 1; one more is refused. Default 268 435 456, 256 MiB. */
  readonly maxBytes?: number;
}

interface Kept {
  readonly payload: string;
  readonly sizeBytes: number;
  readonly endsAtMs: number;
}

/**
 * Keeps payloads in the memory of this process: for a queue in memory, and for tests. It refuses what it has no room for.
 *
 * @throws DISPATCH_INVALID_CLAIM_CHECK_OPTIONS
 */
export function memoryClaimCheck(options: MemoryClaimCheckOptions = {}): ClaimCheckStore {
  const { maxBytes = 268_435_456 } = options ?? {};
  const unknown = Object.keys(options ?? {}).filter((name) => name !== 'maxBytes');
  const problems = unknown.map((name) => `has the unknown option "${name}": there is maxBytes`);
  if (!isOptionsObject(options)) problems.push(`has ${describeValue(options)} as its options: give an object`);
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) {
    problems.push(`has maxBytes ${describeValue(maxBytes)}, not a whole number from 1`);
  }
  if (problems.length > 0) throw new InvalidClaimCheckOptionsError('memoryClaimCheck()', problems);
  return new MemoryClaimCheckStore(maxBytes);
}

class MemoryClaimCheckStore implements ClaimCheckStore {
  readonly isShared = false;
  private readonly kept = new Map<string, Kept>();
  private usedBytes = 0;

  constructor(private readonly maxBytes: number) {}

  async put(id: string, payload: string, ttlMs: number): Promise<void> {
    const sizeBytes = Buffer.byteLength(payload);
    this.forget(id);
    if (this.usedBytes + sizeBytes > this.maxBytes) await this.sweep(Infinity);
    if (this.usedBytes + sizeBytes > this.maxBytes) throw new ClaimCheckFullError(sizeBytes, this.maxBytes);
    this.kept.set(id, { payload, sizeBytes, endsAtMs: performance.now() + ttlMs });
    this.usedBytes += sizeBytes;
  }

  async get(id: string): Promise<string | undefined> {
    const kept = this.kept.get(id);
    return kept !== undefined && kept.endsAtMs > performance.now() ? kept.payload : undefined;
  }

  async remove(id: string): Promise<void> {
    this.forget(id);
  }

  async sweep(limit: number): Promise<number> {
    const now = performance.now();
    let count = 0;
    for (const [id, { endsAtMs }] of this.kept) {
      if (count >= limit) break;
      if (endsAtMs > now) continue;
      this.forget(id);
      count += 1;
    }
    return count;
  }

  private forget(id: string): void {
    this.usedBytes -= this.kept.get(id)?.sizeBytes ?? 0;
    this.kept.delete(id);
  }
}
