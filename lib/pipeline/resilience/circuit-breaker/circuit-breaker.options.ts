import { describeValue } from '../../../common/describe-value.js';
import { MAX_TIMEOUT_MS } from '../../../common/timeout.js';
import type { OptionChecks } from '../../../handlers/checked-options.js';
import { functionProblem, nameProblem, wholeNumberProblem } from '../option-checks.js';

/** When a circuit opens, and how it closes again. */
export interface CircuitSettings {
  /**
   * Opens the circuit when at least this part of the calls of the window failed, above 0, at most 1. Default 0.5; where only
   * `consecutiveFailures` is given, the rate does not matter.
   */
  readonly failureRate?: number;
  /** How many calls of the window must have ended before the rate counts, from 1. Default 10. */
  readonly minimumCalls?: number;
  /** How long a call counts for the rate, in milliseconds from its end, from 10. Default 60 000. */
  readonly windowMs?: number;
  /** Opens the circuit after so many failures in a row, from 1, however long that takes. Default: it does not matter. */
  readonly consecutiveFailures?: number;
  /** How long nothing is let through, in milliseconds from when the circuit opens, from 1. Default 30 000. */
  readonly openMs?: number;
  /** How many calls are let through after that, and must all succeed for the circuit to close, from 1. Default 1. */
  readonly halfOpenCalls?: number;
  /**
   * Whether an error means that the dependency fails; one that does not counts as an answer. Not asked about invalid messages
   * and calls that were told to stop, which count for nothing. Where it throws, the error counts. Default: every error but an
   * `UnrecoverableError`.
   */
  readonly countsAsFailure?: (error: unknown) => boolean;
}

/** The settings with every default filled in. */
export interface ResolvedCircuitSettings extends Required<
  Omit<CircuitSettings, 'failureRate' | 'consecutiveFailures'>
> {
  /** Infinity where the rate does not matter. */
  readonly failureRate: number;
  /** Infinity where failures in a row do not matter. */
  readonly consecutiveFailures: number;
}

/** What a circuit's settings may be. */
export const CIRCUIT_CHECKS: OptionChecks<CircuitSettings> = {
  failureRate: (value) =>
    typeof value === 'number' && value > 0 && value <= 1
      ? undefined
      : `which is ${describeValue(value)}, not a number above 0, at most 1`,
  minimumCalls: (value) => wholeNumberProblem(value, 1),
  windowMs: (value) => wholeNumberProblem(value, 10, MAX_TIMEOUT_MS),
  consecutiveFailures: (value) => wholeNumberProblem(value, 1),
  openMs: (value) => wholeNumberProblem(value, 1, MAX_TIMEOUT_MS),
  halfOpenCalls: (value) => wholeNumberProblem(value, 1),
  countsAsFailure: functionProblem,
};

/** Says that settings are given which have no part in when the circuit opens; undefined where all have. */
export function idleSettingProblem(given: { readonly [Name in keyof CircuitSettings]?: unknown }): string | undefined {
  if (given.consecutiveFailures === undefined || given.failureRate !== undefined) return undefined;
  const idle = (['minimumCalls', 'windowMs'] as const).filter((name) => given[name] !== undefined);
  const names = idle.map((name) => `"${name}"`).join(' and ');
  return idle.length === 0
    ? undefined
    : `has ${names} beside "consecutiveFailures", where only "failureRate" needs it: give that too, or leave it out`;
}

/** What else the decorator says. */
export const BREAKER_CHECKS = {
  ...CIRCUIT_CHECKS,
  name: nameProblem,
  pauses: (value: unknown) =>
    value === 'queue' || value === 'message' ? undefined : `which is ${describeValue(value)}, not 'queue' or 'message'`,
};

/** Fills the defaults in. */
export function resolveCircuitSettings(given: CircuitSettings, isNoAnswer: (error: unknown) => boolean) {
  const { failureRate, consecutiveFailures } = given;
  const rate = consecutiveFailures === undefined ? 0.5 : Number.POSITIVE_INFINITY;
  const resolved: ResolvedCircuitSettings = {
    failureRate: failureRate ?? rate,
    minimumCalls: given.minimumCalls ?? 10,
    windowMs: given.windowMs ?? 60_000,
    consecutiveFailures: consecutiveFailures ?? Number.POSITIVE_INFINITY,
    openMs: given.openMs ?? 30_000,
    halfOpenCalls: given.halfOpenCalls ?? 1,
    countsAsFailure: given.countsAsFailure ?? isNoAnswer,
  };
  return Object.freeze(resolved);
}
