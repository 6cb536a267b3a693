import { MemoryTransaction } from '../../transactions/memory/in-memory-transactions.js';
import { CheckpointTransactionError, ProjectionLostError } from '../errors.js';
import type {
  CheckpointStore,
  NewTarget,
  OwnedTarget,
  Ownership,
  ParkedEvent,
  ParkedFilter,
  ParkedQuery,
  ParkedRecord,
  TargetKey,
  TargetRecord,
} from './checkpoint-store.port.js';

interface MemoryTarget extends NewTarget {
  position: number;
  replayUntil: number;
  isActive: boolean;
  stopReason: string | undefined;
  token: string | undefined;
  /** When the lease is over. */
  ownedUntil: number;
  updatedAt: Date;
}

interface MemoryParked extends ParkedRecord {
  isRetried: boolean;
}

/**
 * Keeps checkpoints in the memory of this process, for tests and for read models in memory: what is in it is gone with the
 * process, and projections begin at the first event again. Takes part in transactions of `inMemoryTransactions()`.
 */
export function inMemoryCheckpoints(): CheckpointStore {
  return new InMemoryCheckpoints();
}

class InMemoryCheckpoints implements CheckpointStore {
  readonly isShared = false;
  private readonly byKey = new Map<string, MemoryTarget>();
  private parkedEvents: readonly MemoryParked[] = [];

  async targets(projection?: string): Promise<readonly TargetRecord[]> {
    const found = [...this.byKey.values()].filter((each) => projection === undefined || each.projection === projection);
    return found.map((each) => this.recordOf(each)).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  async begin(given: NewTarget, transaction?: unknown): Promise<boolean> {
    const key = keyOf(given);
    if (this.byKey.has(key)) return false;
    const { projection, target, version, isActive } = given;
    const made = { position: 0, replayUntil: 0, stopReason: undefined, token: undefined, ownedUntil: 0 };
    this.change(transaction, given, () => !this.byKey.has(key), {
      apply: () => this.byKey.set(key, { projection, target, version, isActive, ...made, updatedAt: new Date() }),
    });
    return true;
  }

  async acquire(ownership: Ownership, leaseMs: number): Promise<OwnedTarget | undefined> {
    const found = this.byKey.get(keyOf(ownership));
    if (found === undefined || found.stopReason !== undefined) return undefined;
    if (isOwned(found) && found.token !== ownership.token) return undefined;
    Object.assign(found, { token: ownership.token, ownedUntil: Date.now() + leaseMs });
    return { position: found.position, replayUntil: found.replayUntil };
  }

  async renew(ownership: Ownership, leaseMs: number): Promise<boolean> {
    const owned = this.owned(ownership);
    if (owned !== undefined) owned.ownedUntil = Date.now() + leaseMs;
    return owned !== undefined;
  }

  async release(ownership: Ownership): Promise<void> {
    const owned = this.owned(ownership);
    if (owned !== undefined) owned.token = undefined;
  }

  async save(ownership: Ownership, position: number, transaction?: unknown): Promise<boolean> {
    return this.changeOwned(ownership, transaction, (owned) =>
      Object.assign(owned, { position, updatedAt: new Date() }),
    );
  }

  async stop(ownership: Ownership, stopReason: string): Promise<boolean> {
    return this.changeOwned(ownership, undefined, (owned) => Object.assign(owned, { stopReason, token: undefined }));
  }

  async resume(projection: string): Promise<boolean> {
    const stopped = [...this.byKey.values()].filter(
      (each) => each.projection === projection && each.stopReason !== undefined,
    );
    for (const each of stopped) each.stopReason = undefined;
    return stopped.length > 0;
  }

  async lockActive(projection: string, transaction?: unknown): Promise<number | undefined> {
    const active = this.activeOf(projection);
    if (active === undefined) return undefined;
    const { position } = active;
    this.change(transaction, active, () => this.activeOf(projection) === active && active.position === position, {});
    return position;
  }

  async promote(ownership: Ownership, transaction?: unknown): Promise<boolean> {
    return this.changeOwned(ownership, transaction, (owned) => {
      const other = this.activeOf(ownership.projection);
      if (other !== undefined && other !== owned) this.forget(other);
      const replayUntil = Math.max(owned.position, owned.replayUntil, other?.replayUntil ?? 0);
      Object.assign(owned, { isActive: true, replayUntil });
    });
  }

  async reset(target: TargetKey, transaction?: unknown): Promise<boolean> {
    const found = this.byKey.get(keyOf(target));
    if (found === undefined) return false;
    const apply = (): void => {
      const replayUntil = Math.max(found.position, found.replayUntil);
      const start = { position: 0, token: undefined, stopReason: undefined, updatedAt: new Date() };
      Object.assign(found, { ...start, replayUntil });
      this.parkedEvents = this.parkedEvents.filter((each) => keyOf(each) !== keyOf(target));
    };
    this.change(transaction, target, () => this.byKey.get(keyOf(target)) === found, { apply });
    return true;
  }

  async remove(target: TargetKey, transaction?: unknown): Promise<boolean> {
    const found = this.byKey.get(keyOf(target));
    if (found === undefined || found.isActive) return false;
    this.change(transaction, target, () => !found.isActive, { apply: () => this.forget(found) });
    return true;
  }

  async park(ownership: Ownership, event: ParkedEvent, transaction?: unknown): Promise<boolean> {
    const { projection, target } = ownership;
    return this.changeOwned(ownership, transaction, () => {
      const parked = { ...event, projection, target, parkedAt: new Date(), isRetried: false };
      const others = this.parkedWithout(ownership, event.position);
      this.parkedEvents = [...others, parked].toSorted((a, b) => a.position - b.position);
    });
  }

  async unpark(ownership: Ownership, position: number, transaction?: unknown): Promise<boolean> {
    return this.changeOwned(ownership, transaction, () => {
      this.parkedEvents = this.parkedWithout(ownership, position);
    });
  }

  async parked({ afterPosition, limit, ...filter }: ParkedQuery): Promise<readonly ParkedRecord[]> {
    const behind = this.parkedEvents.filter((each) => each.position > afterPosition && fits(each, filter));
    return behind.slice(0, limit).map(toRecord);
  }

  async discardParked(filter: ParkedFilter): Promise<number> {
    const before = this.parkedEvents.length;
    this.parkedEvents = this.parkedEvents.filter((each) => !fits(each, filter));
    return before - this.parkedEvents.length;
  }

  async parkedStreams(target: TargetKey, transaction?: unknown): Promise<readonly string[]> {
    const streams = this.streamsParkedIn(target);
    const isStillSo = (): boolean => {
      const now = new Set(this.streamsParkedIn(target));
      return streams.every((stream) => now.has(stream));
    };
    if (streams.length > 0) this.change(transaction, target, isStillSo, {});
    return streams;
  }

  async requestRetry(filter: ParkedFilter): Promise<number> {
    const meant = this.parkedEvents.filter((each) => fits(each, filter));
    for (const each of meant) each.isRetried = true;
    return meant.length;
  }

  async toRetry({ projection, target }: TargetKey, limit: number, afterPosition = 0): Promise<readonly ParkedRecord[]> {
    const own = this.parkedEvents.filter((each) => fits(each, { projection, target }));
    const streams = new Set(own.filter(({ isRetried }) => isRetried).map(({ stream }) => stream));
    const due = own.filter((each) => each.isRetried || (each.isStreamParked && streams.has(each.stream)));
    const behind = due.filter(({ position }) => position > afterPosition);
    return behind.slice(0, limit).map(toRecord);
  }

  /** Makes a change now, or where there is a transaction at its commit, if it is possible still. */
  private change(
    transaction: unknown,
    { projection, target }: TargetKey,
    isPossible: () => boolean,
    { apply }: { readonly apply?: () => unknown },
  ): void {
    if (transaction === undefined) apply?.();
    else if (!(transaction instanceof MemoryTransaction)) throw new CheckpointTransactionError();
    else {
      transaction.add({
        check: () => {
          if (!isPossible()) throw new ProjectionLostError(projection, target);
        },
        apply: () => void apply?.(),
      });
    }
  }

  private changeOwned(ownership: Ownership, transaction: unknown, apply: (owned: MemoryTarget) => void): boolean {
    const owned = this.owned(ownership);
    if (owned === undefined) return false;
    this.change(transaction, ownership, () => this.owned(ownership) === owned, { apply: () => apply(owned) });
    return true;
  }

  private owned(ownership: Ownership): MemoryTarget | undefined {
    const found = this.byKey.get(keyOf(ownership));
    return found?.token === ownership.token ? found : undefined;
  }

  private activeOf(projection: string): MemoryTarget | undefined {
    return [...this.byKey.values()].find((each) => each.projection === projection && each.isActive);
  }

  private forget(target: MemoryTarget): void {
    this.byKey.delete(keyOf(target));
    this.parkedEvents = this.parkedEvents.filter((each) => keyOf(each) !== keyOf(target));
  }

  private streamsParkedIn({ projection, target }: TargetKey): readonly string[] {
    const keeping = this.parkedEvents.filter((each) => each.isStreamParked && fits(each, { projection, target }));
    return [...new Set(keeping.map(({ stream }) => stream))];
  }

  private parkedWithout(key: TargetKey, position: number): readonly MemoryParked[] {
    return this.parkedEvents.filter((each) => each.position !== position || keyOf(each) !== keyOf(key));
  }

  private recordOf(target: MemoryTarget): TargetRecord {
    const { token: _token, ownedUntil: _until, ...record } = target;
    const parkedCount = this.parkedEvents.filter((each) => keyOf(each) === keyOf(target)).length;
    return { ...record, isOwned: isOwned(target), parkedCount };
  }
}

function isOwned({ token, ownedUntil }: MemoryTarget): boolean {
  return token !== undefined && ownedUntil > Date.now();
}

function keyOf({ projection, target }: TargetKey): string {
  return JSON.stringify([projection, target]);
}

function fits(each: ParkedRecord, { projection, target, stream }: ParkedFilter): boolean {
  return (
    each.projection === projection &&
    (target === undefined || each.target === target) &&
    (stream === undefined || each.stream === stream)
  );
}

function toRecord({ isRetried: _isRetried, ...record }: MemoryParked): ParkedRecord {
  return record;
}
