import type { ClaimCheckStore } from './claim-check-store.port.js';

/** The option `claimCheck` of `DispatchModule.forRoot()`. */
export interface ClaimCheckOptions {
  /** What keeps the payloads: `memoryClaimCheck()`, `postgresClaimCheck()` of `nestjs-dispatch/postgres`, or one of your own. */
  readonly store: ClaimCheckStore;
  /**
   * How large the payload of a message may be, as JSON in bytes, before it is kept outside its queue; from 0, and not above
   * `maxPayloadBytes`. Default 65 536.
   */
  readonly thresholdBytes?: number;
  /** The largest payload that is kept outside, as JSON in bytes, from 1. Default 104 857 600, 100 MiB. */
  readonly maxBytes?: number;
  /**
   * How long a payload is kept at most, in milliseconds from when its message is sent, or is due where that is later; from
   * 1000. A message that is still not handled then is parked without its payload. Default 2 592 000 000, 30 days, as long as
   * queues keep what is parked.
   */
  readonly ttlMs?: number;
}

/** The same, complete, with the deepest nesting of payloads. */
export interface ResolvedClaimCheck extends Required<ClaimCheckOptions> {
  readonly maxDepth: number;
}
