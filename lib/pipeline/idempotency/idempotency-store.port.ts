/** Who asks to run a call, and for how long it may be silent. */
export interface IdempotencyClaim {
  /** Names the call: up to some thousand characters of any alphabet. */
  readonly key: string;
  /** Names the one who asks; nobody else ever has the same. */
  readonly token: string;
  /** How long the lock holds without {@link IdempotencyStore.renew}, in milliseconds from now. */
  readonly lockMs: number;
  /** Whether it has asked before and was told to wait. It is told of a failure, where another one would run the call anew. */
  readonly isWaiting: boolean;
}

/** What became of a claim. */
export type ClaimResult =
  /** The one who asks has the lock and runs the call. */
  | { readonly status: 'claimed' }
  /** Somebody else has the lock. */
  | { readonly status: 'running' }
  /** The call is done, or failed while this one waited; what was stored of that. */
  | { readonly status: 'completed' | 'failed'; readonly outcome: string };

/** How a failure is told to those who wait. */
export interface ReleasedFailure {
  readonly outcome: string;
  /** For how long, in milliseconds from now. */
  readonly keepMs: number;
}

/** How a call ended. */
export interface IdempotencyCompletion {
  readonly key: string;
  readonly token: string;
  readonly outcome: string;
  /** For how long it is kept, in milliseconds from now. */
  readonly ttlMs: number;
}

/**
 * Keeps who runs a call and how it ended. Every method is atomic for its key, also between processes where the store is
 * `isShared`; keys are independent of each other, and nothing is promised about the order of claims. Repeating a method with
 * the same arguments does no harm. All reject where the store cannot be reached.
 */
export interface IdempotencyStore {
  /** Whether all processes see the same, and it is still there after a restart. */
  readonly isShared: boolean;
  /** Takes the lock where the key is free, its lock ran out, its call failed (but see `isWaiting`), or the token has it already. */
  claim(claim: IdempotencyClaim): Promise<ClaimResult>;
  /** Has the lock last `lockMs` from now. @returns false where another token has the key, or its call is completed */
  renew(key: string, token: string, lockMs: number): Promise<boolean>;
  /**
   * Keeps the outcome for `ttlMs` from now, of at least as many bytes as `maxPayloadBytes` lets through. A lock that ran out
   * is no hindrance while nobody else has taken it.
   *
   * @returns false, and changes nothing, where another token has the key, or has completed it
   */
  complete(key: string, token: string, outcome: string, ttlMs: number): Promise<boolean>;
  /**
   * The same as `complete()`, in the transaction of a transactional handler: kept once that has committed, and not where it is rolled back, after which
   * `release()` is called. Until its end those who ask for the key may have to wait. Without it outcomes are kept after the commit, and a process
   * that ends between the two has committed what nobody knows of.
   */
  completeIn?(completion: IdempotencyCompletion, transaction: unknown): Promise<boolean>;
  /** Frees the key; those who wait are told of the failure, where one is given. Does nothing where another token has the key. */
  release(key: string, token: string, failure?: ReleasedFailure): Promise<void>;
  /**
   * Resolves when the key may have changed, at the latest after `timeoutMs` or when the signal aborts. Without it callers
   * ask again after 50 ms, then after twice as long each time up to 500 ms.
   */
  changed?(key: string, timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** Called once, when the application starts: what it rejects with stops the start. The other methods may be called without it. */
  open?(): Promise<void>;
  /** Called once, when the application has closed: ends what the store itself has opened. */
  close?(): Promise<void>;
}
