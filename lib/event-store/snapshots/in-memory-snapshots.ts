import { describeValue } from '../../common/describe-value.js';
import { InvalidEventStoreOptionsError } from '../errors.js';
import type { Snapshot, SnapshotStore } from './snapshot-store.port.js';

/** Options of {@link inMemorySnapshots}. */
export interface InMemorySnapshotsOptions {
  /** How many snapshots are kept, from 1; those not used for longest go first. Default 10 000. */
  readonly maxSnapshots?: number;
}

/**
 * Keeps snapshots in the memory of this process. Each process has its own, which is right for a shared event store as well: a
 * snapshot is only where the reading begins. The default.
 *
 * @throws DISPATCH_INVALID_EVENT_STORE_OPTIONS
 */
export function inMemorySnapshots(options: InMemorySnapshotsOptions = {}): SnapshotStore {
  const { maxSnapshots = 10_000 } = options;
  if (!Number.isSafeInteger(maxSnapshots) || maxSnapshots < 1) {
    throw new InvalidEventStoreOptionsError('inMemorySnapshots()', [
      `has maxSnapshots ${describeValue(maxSnapshots)}, not a whole number from 1`,
    ]);
  }
  return new InMemorySnapshots(maxSnapshots);
}

class InMemorySnapshots implements SnapshotStore {
  readonly isShared = false;
  /** Those used last are at the end. */
  private readonly snapshots = new Map<string, Snapshot>();

  constructor(private readonly maxSnapshots: number) {}

  async load(stream: string): Promise<Snapshot | undefined> {
    const snapshot = this.snapshots.get(stream);
    if (snapshot !== undefined) this.put(snapshot);
    return snapshot;
  }

  async save(snapshot: Snapshot): Promise<void> {
    const known = this.snapshots.get(snapshot.stream);
    if (known !== undefined && known.version > snapshot.version) return;
    this.put(Object.freeze({ ...snapshot }));
    for (const stream of this.snapshots.keys()) {
      if (this.snapshots.size <= this.maxSnapshots) return;
      this.snapshots.delete(stream);
    }
  }

  async remove(stream: string): Promise<void> {
    this.snapshots.delete(stream);
  }

  private put(snapshot: Snapshot): void {
    this.snapshots.delete(snapshot.stream);
    this.snapshots.set(snapshot.stream, snapshot);
  }
}
