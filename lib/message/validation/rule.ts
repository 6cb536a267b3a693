import type { Violation } from '../errors.js';

/** What one source of rules found. */
export interface Findings {
  readonly violations: readonly Violation[];
  /** The error behind them, where the rule was broken by throwing one of the user's own. */
  readonly cause?: unknown;
}

/** Applies one source of rules to a message. Throws (or rejects) only where the rule itself is broken. */
export type MessageRule = (message: object) => Findings | Promise<Findings>;

/** No violation: shared, so that a valid message costs no allocation. */
export const NOTHING_FOUND: Findings = Object.freeze({ violations: Object.freeze([]) });
