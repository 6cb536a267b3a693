import 'reflect-metadata';

import { describeValue } from '../../common/describe-value.js';
import { functionProblem } from '../resilience/option-checks.js';
import { MAX_TIMEOUT_MS } from '../../common/timeout.js';
import { checkOptions, type CheckedOptions, type OptionChecks } from '../../handlers/checked-options.js';

const IN_SEQUENCE = Symbol.for('nestjs-dispatch/in-sequence');

/** Options of {@link InSequence}. */
export interface InSequenceOptions<M extends object = never> {
  /** Names the stream a message belongs to, in 1 to 1024 characters: streams do not wait for each other. Called for valid messages only. */
  readonly key: (message: M) => string;
  /** The number of a message in its stream, a whole number; each is one more than the one before. */
  readonly sequence: (message: M) => number;
  /** The number that a stream begins with, a whole number. Default 1. */
  readonly first?: number;
  /**
   * How long later messages wait for one that is missing, in milliseconds from when the first of them came, from 1. Counted
   * anew for each that is missing. Default 30 000.
   */
  readonly gapTimeoutMs?: number;
  /**
   * How many messages of a stream may wait, from 1: in the caller's turn that many in this process, behind a queue the numbers
   * that may lie between. For one more the missing one counts as overdue. Default 1000.
   */
  readonly maxHeld?: number;
  /**
   * What happens when one is overdue. `'fail'` (default): those that come after it fail with a `SequenceGapError`, as their failure
   * policy says, until it comes. `'skip'`: the stream goes on with the first that waits, and the missing one counts as late
   * should it still come.
   */
  readonly whenGap?: 'skip' | 'fail';
}

/** The same, complete. */
export type ResolvedInSequence = Required<InSequenceOptions>;

/**
 * Has a handler of commands or events handle numbered messages in the order of their numbers, all message classes of the handler
 * together. One that comes too early waits: behind a queue it goes back there, and no attempt counts; in the caller's turn its
 * promise waits. One whose number was handled already, or was left out, is discarded with a
 * `MessageOutOfSequenceNotification`. A message that fails keeps its place: the next ones wait until it is handled, or
 * overdue.
 *
 * Messages that have a `key` for their queue, which orders them already, must not be decorated so: they would wait for what
 * stands behind them.
 *
 * @example
 * ```ts
 * @InSequence({ key: (event: StockMoved) => event.sku, sequence: (event: StockMoved) => event.version })
 * @EventsHandler(StockMoved)
 * class StockProjection {}
 * ```
 */
export function InSequence<M extends object>(options: InSequenceOptions<M>) {
  return (target: abstract new (...args: never[]) => object): void =>
    Reflect.defineMetadata(IN_SEQUENCE, options, target);
}

/** What `@InSequence` says on this very class, as it was written; undefined for a class without it. */
export function inSequenceOptionsOf(target: object): InSequenceOptions | undefined {
  return Reflect.getOwnMetadata(IN_SEQUENCE, target) as InSequenceOptions | undefined;
}

const CHECKS: OptionChecks<InSequenceOptions> = {
  key: functionProblem,
  sequence: functionProblem,
  first: (value) => countProblem(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  gapTimeoutMs: (value) => countProblem(value, 1, MAX_TIMEOUT_MS),
  maxHeld: (value) => countProblem(value, 1, Number.MAX_SAFE_INTEGER),
  whenGap: (value) =>
    value === 'skip' || value === 'fail' ? undefined : `which is ${describeValue(value)}, not 'skip' or 'fail'`,
};

/** Looks the options of a handler over. */
export function checkInSequenceOptions(
  label: string,
  options: InSequenceOptions,
): CheckedOptions<Partial<InSequenceOptions>> {
  const checked = checkOptions<InSequenceOptions>({ label, decorator: '@InSequence' }, options, CHECKS);
  const missing = (['key', 'sequence'] as const).filter((name) => Reflect.get(Object(options), name) === undefined);
  for (const name of missing) {
    checked.mistakes.push({ rule: 'invalid-options', text: `${label} has no function "${name}" in @InSequence.` });
  }
  return checked;
}

/** Fills the defaults in. */
export function resolveInSequence(options: InSequenceOptions): ResolvedInSequence {
  const { key, sequence, first = 1, gapTimeoutMs = 30_000, maxHeld = 1000, whenGap = 'fail' } = options;
  return Object.freeze({ key, sequence, first, gapTimeoutMs, maxHeld, whenGap });
}

function countProblem(value: unknown, min: number, max: number): string | undefined {
  const isRight = Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  return isRight ? undefined : `which is ${describeValue(value)}, not a whole number from ${min} to ${max}`;
}
