/** The state of one stream at one version. */
export interface Snapshot {
  readonly stream: string;
  /** The version of the last event that is in it, from 1. */
  readonly version: number;
  /** The version of the shape of the state, from 1, which the application counts. */
  readonly schemaVersion: number;
  /** The state as JSON. A store gives back this very text. */
  readonly state: string;
}

/**
 * Keeps one snapshot for each stream, so that a long stream need not be read from its start. It may forget any of them at any time:
 * all can be made anew. Every method rejects where the store cannot be reached; whoever calls goes on without a snapshot then.
 */
export interface SnapshotStore {
  /** Whether all processes see the same, and it is still there after a restart. */
  readonly isShared: boolean;
  /** The snapshot of a stream, whatever its schema version; undefined where there is none. */
  load(stream: string): Promise<Snapshot | undefined>;
  /** Keeps a snapshot in the place of an older one, but not in that of one with a higher version. Atomic for each stream. */
  save(snapshot: Snapshot): Promise<void>;
  /** Forgets the snapshot of a stream, if there is one. */
  remove(stream: string): Promise<void>;
  /** Called once, before the first use: connects. */
  open?(): Promise<void>;
  /** Called once, when the application has closed: ends what the store itself has opened. */
  close?(): Promise<void>;
}
