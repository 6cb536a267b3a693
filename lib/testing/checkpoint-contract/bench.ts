import { randomUUID } from 'node:crypto';

import type {
  CheckpointStore,
  Ownership,
  ParkedEvent,
  ProjectionTarget,
  TargetRecord,
} from '../../projections/checkpoints/checkpoint-store.port.js';

/** How a store of checkpoints is made. */
export interface CheckpointContractSetup {
  /**
   * Makes a store that sees the same as all others it makes, where it says that it `isShared`. Called once or twice for each
   * case, all at the same place, side by side. Each store is closed at the end of its case.
   */
  readonly store: () => CheckpointStore | Promise<CheckpointStore>;
  /** Runs work in a transaction of the store's database: commits where it resolves, else rolls back and rejects with the same. */
  readonly transact: <T>(work: (transaction: unknown) => Promise<T>) => Promise<T>;
}

/** What a case works with. */
export interface CheckpointBench extends Pick<CheckpointContractSetup, 'transact'> {
  readonly store: CheckpointStore;
  /** That of another process, where the store is shared; otherwise the same. */
  readonly other: CheckpointStore;
  /** A projection nobody else uses. */
  readonly projection: string;
}

/** One expectation, with what it is tried on. */
export interface CheckpointBenchCase {
  readonly title: string;
  run(bench: CheckpointBench): Promise<void>;
}

/** A lease that is not over before its case is. */
export const LEASE_MS = 60_000;

/** The right to write that one asks for. */
export function ownership({ projection }: CheckpointBench, target: ProjectionTarget = 'blue'): Ownership {
  return { projection, target, token: randomUUID() };
}

/** Makes the active target, and owns it. */
export async function begun(bench: CheckpointBench, target: ProjectionTarget = 'blue'): Promise<Ownership> {
  const { store, projection } = bench;
  await store.begin({ projection, target, version: 1, isActive: target === 'blue' });
  const owner = ownership(bench, target);
  await store.acquire(owner, LEASE_MS);
  return owner;
}

/** The targets of the case's projection, by their names. */
export async function recordsOf({
  other,
  projection,
}: CheckpointBench): Promise<Partial<Record<ProjectionTarget, TargetRecord>>> {
  return Object.fromEntries((await other.targets(projection)).map((record) => [record.target, record]));
}

/** An event that is parked. */
export function parkedEvent(position: number, change: Partial<ParkedEvent> = {}): ParkedEvent {
  const facts = { stream: 'order-1', version: position, eventId: `event-${position}`, name: 'placed' };
  return { ...facts, position, error: 'no room', isStreamParked: false, ...change };
}

/** Waits this long, where time itself is what a case is about. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
