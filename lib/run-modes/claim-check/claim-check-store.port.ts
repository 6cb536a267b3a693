/**
 * Keeps payloads that are too large for a queue, each under an id of its own, which is used once. Every method is atomic for its
 * id, ids are independent of each other, and repeating a method with the same arguments does no harm. All reject where
 * the store cannot be reached.
 */
export interface ClaimCheckStore {
  /** Whether all processes see the same, and it is still there after a restart. */
  readonly isShared: boolean;
  /** Called once, when the application starts: what it rejects with stops the start. The other methods may be called without it. */
  open?(): Promise<void>;
  /**
   * Keeps a payload, JSON of any size, for `ttlMs` milliseconds from now; it is there for all when this resolves.
   *
   * @throws DISPATCH_CLAIM_CHECK_FULL where a store with a limit has no room
   */
  put(id: string, payload: string, ttlMs: number): Promise<void>;
  /** The payload; undefined where there is none, or its time is over. */
  get(id: string): Promise<string | undefined>;
  /** Forgets a payload, where there is one. */
  remove(id: string): Promise<void>;
  /** Deletes up to `limit` payloads whose time is over. @returns how many it has deleted */
  sweep(limit: number): Promise<number>;
  /** Called once, when the application has closed: ends what the store itself has opened. */
  close?(): Promise<void>;
}
