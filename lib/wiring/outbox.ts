import { describeValue, isOptionsObject } from '../common/describe-value.js';
import { isTimeoutMs, MAX_TIMEOUT_MS } from '../common/timeout.js';
import { checkOptions, type OptionChecks } from '../handlers/checked-options.js';
import type { WiringMistake } from '../handlers/errors.js';
import { inMemoryOutbox } from '../run-modes/outbox/in-memory-outbox.js';
import type { OutboxHealthOptions, OutboxOptions, ResolvedOutbox } from '../run-modes/outbox/outbox.options.js';
import type { OutboxStore } from '../run-modes/outbox/outbox-store.port.js';

const OWNER = { label: 'The option "outbox" of DispatchModule' };
const METHODS = [
  'add',
  'take',
  'settle',
  'counts',
  'failed',
  'retry',
] as const satisfies readonly (keyof OutboxStore)[];
const RELAY_VARIABLE = 'DISPATCH_RELAY';
const MESSAGES: readonly unknown[] = ['all', 'routed'] satisfies OutboxOptions['messages'][];
const HEALTH_CHECKS: OptionChecks<OutboxHealthOptions> = {
  maxWaiting: (value) => countProblem(value, 0, Infinity),
  maxOldestWaitingMs: millisecondsProblem,
  maxFailed: (value) => countProblem(value, 0, Infinity),
  everyMs: millisecondsProblem,
};
const CHECKS: OptionChecks<OutboxOptions> = {
  store: storeProblem,
  messages: (value) =>
    MESSAGES.includes(value) ? undefined : `which is ${describeValue(value)}, not 'all' or 'routed'`,
  strict: flagProblem,
  relay: flagProblem,
  batchCount: (value) => countProblem(value, 1, 1000),
  pollEveryMs: (value) => countProblem(value, 10, MAX_TIMEOUT_MS),
  leaseMs: (value) => countProblem(value, 1000, MAX_TIMEOUT_MS),
  maxAttempts: (value) => countProblem(value, 1, 1000),
  health: (value) => (isOptionsObject(value) ? undefined : `which is ${describeValue(value)}: give an object`),
};

/** The option, and what else an application must have to use an outbox. */
export interface OutboxGiven {
  readonly outbox?: boolean | OutboxOptions;
  readonly queue?: unknown;
  readonly transactions?: unknown;
}

/** Fills the defaults in and adds what is wrong to the mistakes; undefined where there is none. */
export function resolveOutbox(
  { outbox: given, queue, transactions }: OutboxGiven,
  mistakes: WiringMistake[],
): ResolvedOutbox | undefined {
  if (given === undefined || given === false) return undefined;
  const add = (problem: string): void =>
    void mistakes.push({ rule: 'invalid-options', text: `${OWNER.label} ${problem}.` });
  if (queue === undefined) add('needs queues: give the option "queue" too');
  if (transactions === undefined)
    add('needs transactions, or nothing would go through it: give the option "transactions" too');
  const { options, mistakes: wrong } = checkOptions<OutboxOptions>(OWNER, given === true ? {} : given, CHECKS);
  const owner = { label: `${OWNER.label}, in "health",` };
  const { options: health, mistakes: unwell } = checkOptions<OutboxHealthOptions>(
    owner,
    options.health ?? {},
    HEALTH_CHECKS,
  );
  mistakes.push(...wrong, ...unwell);
  return Object.freeze({
    store: options.store ?? inMemoryOutbox(),
    messages: options.messages ?? 'all',
    strict: options.strict ?? false,
    relay: relayOf(process.env[RELAY_VARIABLE], mistakes) ?? options.relay ?? true,
    batchCount: options.batchCount ?? 100,
    pollEveryMs: options.pollEveryMs ?? 1000,
    leaseMs: options.leaseMs ?? 15_000,
    maxAttempts: options.maxAttempts ?? 10,
    health: Object.freeze({
      maxWaiting: health.maxWaiting ?? 1000,
      maxOldestWaitingMs: health.maxOldestWaitingMs ?? 60_000,
      maxFailed: health.maxFailed ?? 0,
      everyMs: health.everyMs ?? 30_000,
    }),
  });
}

/** What the environment says; undefined where it says nothing. */
function relayOf(said: string | undefined, mistakes: WiringMistake[]): boolean | undefined {
  if (said === undefined || said === '') return undefined;
  if (said !== 'on' && said !== 'off') {
    const text = `The environment variable ${RELAY_VARIABLE} is ${describeValue(said)}, not on or off.`;
    mistakes.push({ rule: 'invalid-options', text });
  }
  return said !== 'off';
}

function storeProblem(value: unknown): string | undefined {
  const missing = METHODS.filter((name) => !isOptionsObject(value) || typeof Reflect.get(value, name) !== 'function');
  return missing.length === 0 ? undefined : `which is ${describeValue(value)} without the method ${missing[0]}()`;
}

function flagProblem(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : `which is ${describeValue(value)}, not true or false`;
}

function countProblem(value: unknown, min: number, max: number): string | undefined {
  const isRight = Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  const range = max === Infinity ? `from ${min}` : `from ${min} to ${max}`;
  return isRight ? undefined : `which is ${describeValue(value)}, not a whole number ${range}`;
}

function millisecondsProblem(value: unknown): string | undefined {
  const isRight = typeof value === 'number' && isTimeoutMs(value);
  return isRight ? undefined : `which is ${describeValue(value)}, not a number of milliseconds from 0`;
}
