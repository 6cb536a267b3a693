import { describeValue } from '../../common/describe-value.js';
import { isTimeoutMs, MAX_TIMEOUT_MS } from '../../common/timeout.js';

/** How long finished entries are kept: whichever limit is reached first. */
export interface Retention {
  /** How many, from 0. */
  readonly count?: number;
  /** For how long, in milliseconds from their end. */
  readonly ageMs?: number;
}

/** No more than `max` deliveries in any window of `durationMs`. */
export interface QueueRateLimit {
  /** From 1. */
  readonly max: number;
  /** In milliseconds. Default 1000. */
  readonly durationMs?: number;
}

/** Options of one queue, or of all that have none of their own. */
export interface QueueOptions {
  /** How many handlers run at once in each process. Default 1. Keyed entries have lanes beside it. */
  readonly concurrency?: number;
  /** How many handlers run at once in all processes together. Default: no limit. Keyed entries are not counted. */
  readonly globalConcurrency?: number;
  /** The rate over all processes. Default: no limit. Keyed entries are not counted. */
  readonly rateLimit?: QueueRateLimit;
  /** How long a handler may take that does not say it itself, in milliseconds from its start; 0 for no limit. Default 30 000. */
  readonly timeoutMs?: number;
  /**
   * How many entries with different keys are handled at once, in all processes together. Keys share lanes by their hash,
   * so two keys may wait for each other; one key always keeps its order. Each lane costs a worker process a connection.
   * 0: a message with a key is refused. The number must be the same in every process, and is changed while the lanes are
   * empty. Default 4.
   */
  readonly lanes?: number;
  /**
   * Whether a message with a key that is parked as `failed` keeps back the later ones of its key: they are parked behind it with a
   * `ParkedBehindError`, and follow one by one once it was replayed and handled. Costs a question to the store for each message with
   * a key. Not with `lanes: 0`, nor with a `store` of dead letters. Must be the same in every process. Default false.
   */
  readonly sequenced?: boolean;
  /** How often a handler is started for one entry before it is parked, from 1. Default 4. */
  readonly maxAttempts?: number;
  /** The wait before the first retry, in milliseconds; it doubles each time, and jitter only lengthens it. Default 1000. */
  readonly backoffMs?: number;
  /** The longest wait between two attempts, in milliseconds, jitter apart. Default 300 000. */
  readonly maxBackoffMs?: number;
  /** How many entries may wait, those that are delayed included, before sending is refused with `QueueFullError`. Judged by a count up to 250 ms old. Default 100 000. The in-memory queue has its "capacity" instead. */
  readonly maxWaiting?: number;
  /** How long handled entries, and so their results, are kept. Default the last 100, for an hour at most. */
  readonly keepCompleted?: Retention;
  /** How long parked entries are kept. Default the last 10 000, for 30 days at most. */
  readonly keepParked?: Retention;
  /**
   * How long a worker holds an entry without renewing its hold, in milliseconds: after that another worker takes over, within the same time again.
   * Renewed at half of it while the handler runs. Default 30 000. No meaning for the in-memory queue.
   */
  readonly lockMs?: number;
}

/** The options of one queue, complete. */
export interface QueueSettings {
  readonly name: string;
  readonly concurrency: number;
  readonly globalConcurrency: number | undefined;
  readonly rateLimit: Required<QueueRateLimit> | undefined;
  readonly timeoutMs: number;
  readonly lanes: number;
  readonly sequenced: boolean;
  readonly maxAttempts: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly maxWaiting: number;
  readonly keepCompleted: Required<Retention>;
  readonly keepParked: Required<Retention>;
  readonly lockMs: number;
}

const DAY_MS = 86_400_000;
const MAX_LANES = 256;
/** What stores of queues take in names: they build keys and table names of them, with `:` and `~` as their own marks. */
const QUEUE_NAME = /^[\w.-]{1,100}$/;
/** Why a queue cannot be sequenced whose dead letters are kept in a store. */
export const SEQUENCED_WITH_STORE =
  'is sequenced, but "deadLetters" has a "store", which keeps no order of keys: leave one of the two out';
const KNOWN: Record<keyof QueueOptions, true> = {
  concurrency: true,
  globalConcurrency: true,
  rateLimit: true,
  timeoutMs: true,
  lanes: true,
  sequenced: true,
  maxAttempts: true,
  backoffMs: true,
  maxBackoffMs: true,
  maxWaiting: true,
  keepCompleted: true,
  keepParked: true,
  lockMs: true,
};

/** Fills the options of a queue in: its own, then those of all queues, then the defaults. */
export function resolveQueueSettings(name: string, own: QueueOptions = {}, shared: QueueOptions = {}): QueueSettings {
  const rateLimit = own.rateLimit ?? shared.rateLimit;
  return Object.freeze({
    name,
    concurrency: own.concurrency ?? shared.concurrency ?? 1,
    globalConcurrency: own.globalConcurrency ?? shared.globalConcurrency,
    rateLimit: rateLimit && { max: rateLimit.max, durationMs: rateLimit.durationMs ?? 1000 },
    timeoutMs: own.timeoutMs ?? shared.timeoutMs ?? 30_000,
    lanes: own.lanes ?? shared.lanes ?? 4,
    sequenced: own.sequenced ?? shared.sequenced ?? false,
    maxAttempts: own.maxAttempts ?? shared.maxAttempts ?? 4,
    backoffMs: own.backoffMs ?? shared.backoffMs ?? 1000,
    maxBackoffMs: own.maxBackoffMs ?? shared.maxBackoffMs ?? 300_000,
    maxWaiting: own.maxWaiting ?? shared.maxWaiting ?? 100_000,
    keepCompleted: retention(own.keepCompleted ?? shared.keepCompleted, 100, 3_600_000),
    keepParked: retention(own.keepParked ?? shared.keepParked, 10_000, 30 * DAY_MS),
    lockMs: own.lockMs ?? shared.lockMs ?? 30_000,
  });
}

/** Why a text cannot be the name of a queue; undefined where it can. */
export function queueNameProblem(name: unknown): string | undefined {
  if (typeof name === 'string' && QUEUE_NAME.test(name)) return undefined;
  return `${describeValue(name)} is no name of a queue: use 1 to 100 letters, digits, dots, dashes and underscores`;
}

/** What is wrong with the options of a queue. */
export function queueOptionsProblems(options: unknown): string[] {
  if (typeof options !== 'object' || options === null) return [`is ${describeValue(options)}, not an object`];
  const given = options as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).filter((name) => !(name in KNOWN));
  const problems = unknown.map(
    (name) => `has the unknown option "${name}": there are ${Object.keys(KNOWN).join(', ')}`,
  );
  const check = (name: keyof QueueOptions, isRight: (value: unknown) => boolean, expected: string): void => {
    const value = given[name];
    if (value === undefined || isRight(value)) return;
    problems.push(`has ${name} ${describeValue(value)}, not ${expected}`);
  };
  for (const name of ['concurrency', 'globalConcurrency', 'maxAttempts', 'maxWaiting'] as const) {
    check(name, isCount(1), 'a whole number from 1');
  }
  check('lanes', isCount(0, MAX_LANES), `a whole number from 0 to ${MAX_LANES}`);
  check('sequenced', (value) => typeof value === 'boolean', 'true or false');
  if (given['sequenced'] === true && given['lanes'] === 0)
    problems.push('is sequenced with lanes 0, where no message has a key');
  check('timeoutMs', isMs(0), `a number of milliseconds from 0 to ${MAX_TIMEOUT_MS}`);
  for (const name of ['backoffMs', 'maxBackoffMs'] as const) {
    check(name, isMs(0), `a number of milliseconds from 0 to ${MAX_TIMEOUT_MS}`);
  }
  check('lockMs', isMs(100), `a number of milliseconds from 100 to ${MAX_TIMEOUT_MS}`);
  check('rateLimit', isRateLimit, '{ max, durationMs } with numbers from 1');
  for (const name of ['keepCompleted', 'keepParked'] as const) {
    check(name, isRetention, '{ count, ageMs } with numbers from 0');
  }
  return problems;
}

function retention(given: Retention | undefined, count: number, ageMs: number): Required<Retention> {
  return { count: given?.count ?? count, ageMs: given?.ageMs ?? ageMs };
}

function isCount(min: number, max = Number.MAX_SAFE_INTEGER) {
  return (value: unknown): boolean => Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

function isMs(min: number) {
  return (value: unknown): boolean => typeof value === 'number' && isTimeoutMs(value) && value >= min;
}

function isRateLimit(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { max, durationMs = 1000 } = value as Partial<QueueRateLimit>;
  return isCount(1)(max) && isMs(1)(durationMs);
}

function isRetention(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { count = 0, ageMs = 0 } = value as Retention;
  return isCount(0)(count) && typeof ageMs === 'number' && ageMs >= 0;
}
