/** A call that is to count for a limit. */
export interface RateLimitClaim {
  /** Names what is limited: up to some thousand characters of any alphabet. */
  readonly key: string;
  /** How many calls are let through at once after a pause, from 1; then one each `durationMs / max` milliseconds. */
  readonly max: number;
  readonly durationMs: number;
  /**
   * Within how many milliseconds the call comes again by itself when it is told to; 0 for not at all. Those that do are spread,
   * one for each that the limit lets through. Nothing is kept for them; who comes in between may be first. One that is told of a
   * later moment does not come, and moves nobody's.
   */
  readonly comesAgainWithinMs: number;
}

/**
 * Counts calls. `take` is atomic for its key, also between processes where the store is `isShared`; keys are independent of each
 * other. Of a key nothing is kept once its limit is free again. A key that the store has to forget before, for want of room, begins
 * anew.
 */
export interface RateLimitStore {
  /** Whether all processes count together. */
  readonly isShared: boolean;
  /**
   * Counts a call where the limit lets it through.
   *
   * @returns 0 where it does; otherwise, with nothing counted, in how many milliseconds it is worth asking again, from 1
   * @throws whatever the store fails with, where it cannot be reached; whether the call was counted is not known then
   */
  take(claim: RateLimitClaim): Promise<number>;
  /** Called once, when the application has closed: ends what the store itself has opened. */
  close?(): Promise<void>;
}
