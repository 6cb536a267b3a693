import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { InvalidQueueOptionsError } from '../queue/errors.js';
import type { QueueFullMode } from './room.js';

/** Options of `inMemoryQueue()`; they hold for each queue. */
export interface InMemoryQueueOptions {
  /**
   * How many entries may wait in a queue, those that are delayed included. What is being handled is not counted, so a
   * retry always finds room. 0 or less: no limit. Default 10 000.
   */
  readonly capacity?: number;
  /**
   * What happens to an entry that finds the queue full. Default `'wait'`; beware of handlers that send to their own queue
   * and wait for it: when all of them wait for room, nothing makes any.
   */
  readonly fullMode?: QueueFullMode;
  /**
   * How many entries each consumer starts in a row before timers and input and output get their turn, from 1. Larger is
   * faster for short handlers, smaller keeps the process responsive. Default 64.
   */
  readonly batchSize?: number;
  /**
   * How many consumers take entries from each queue, from 1. Each takes one entry at a time: as many handlers run at once
   * as this or the queue's `concurrency` says, whichever is more. Default 1.
   */
  readonly consumers?: number;
}

/** The options of the in-memory queue, complete. */
export interface ResolvedInMemoryQueueOptions {
  /** Infinite for no limit. */
  readonly capacity: number;
  readonly fullMode: QueueFullMode;
  readonly batchSize: number;
  readonly consumers: number;
}

const FULL_MODES: readonly unknown[] = [
  'wait',
  'dropOldest',
  'dropNewest',
  'dropWrite',
  'reject',
] satisfies QueueFullMode[];
const KNOWN = ['capacity', 'fullMode', 'batchSize', 'consumers'];

/**
 * Fills the options in.
 *
 * @throws DISPATCH_INVALID_QUEUE_OPTIONS listing everything that is wrong with them
 */
export function resolveInMemoryQueueOptions(options: InMemoryQueueOptions = {}): ResolvedInMemoryQueueOptions {
  const problems = problemsOf(options);
  if (problems.length > 0) throw new InvalidQueueOptionsError('inMemoryQueue()', problems);
  const { capacity = 10_000, fullMode = 'wait', batchSize = 64, consumers = 1 } = options;
  return Object.freeze({
    capacity: capacity > 0 ? capacity : Number.POSITIVE_INFINITY,
    fullMode,
    batchSize,
    consumers,
  });
}

function problemsOf(options: unknown): string[] {
  if (!isOptionsObject(options)) return [`they are ${describeValue(options)}, not an object`];
  const given = options as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).filter((name) => !KNOWN.includes(name));
  const problems = unknown.map((name) => `there is no option "${name}", only ${KNOWN.join(', ')}`);
  const { capacity, fullMode, batchSize, consumers } = given;
  if (capacity !== undefined && !Number.isInteger(capacity)) {
    problems.push(`capacity is ${describeValue(capacity)}, not a whole number`);
  }
  if (fullMode !== undefined && !FULL_MODES.includes(fullMode)) {
    problems.push(`fullMode is ${describeValue(fullMode)}, not one of ${FULL_MODES.join(', ')}`);
  }
  for (const [name, value] of Object.entries({ batchSize, consumers })) {
    if (value === undefined || (Number.isInteger(value) && Number(value) >= 1)) continue;
    problems.push(`${name} is ${describeValue(value)}, not a whole number from 1`);
  }
  return problems;
}
