import type { Violation } from '../errors.js';

/** What one source of rules found. */
export interface Findings {
  /** The first ones, as many as an error carries at most. */
  readonly violations: readonly Violation[];
  /** How many there are in all. */
  readonly violationCount: number;
  /** The error behind them, where the rule was broken by throwing one of the user's own. */
  readonly cause?: unknown;
}

/** Applies one source of rules to a message. Throws (or rejects) only where the rule itself is broken. */
export type MessageRule = (message: object) => Findings | Promise<Findings>;

/** No violation: shared, so that a valid message costs no allocation. */
export const NOTHING_FOUND: Findings = Object.freeze({ violations: Object.freeze([]), violationCount: 0 });
