import { resolveClaimCheck, type PayloadLimits } from './claim-check.js';
import { resolveOutbox } from './outbox.js';
import { describeValue, isOptionsObject } from '../common/describe-value.js';
import { namePatternProblem } from '../common/name-pattern.js';
import { isTimeoutMs, MAX_TIMEOUT_MS } from '../common/timeout.js';
import type { PlacementOptions, RouteRule } from '../dispatcher/queued/placement.js';
import {
  resolveDeadLetters,
  type DeadLettersOptions,
  type ResolvedDeadLetters,
} from '../failures/dead-letters/dead-letter-options.js';
import { isPriority } from '../message/envelope.js';
import type { WiringMistake } from '../handlers/errors.js';
import type { MessageClass } from '../message/message.js';
import { meantRunMode, RunMode } from '../message/run-mode.js';
import { missingQueue } from '../pipeline/handler-preparation.js';
import type { ClaimCheckOptions, ResolvedClaimCheck } from '../run-modes/claim-check/claim-check.options.js';
import type { OutboxOptions, ResolvedOutbox } from '../run-modes/outbox/outbox.options.js';
import type { QueueBackendFactory } from '../run-modes/queue/queue-backend.port.js';
import type { QueueCatalogOptions } from '../run-modes/queue/queue-catalog.js';
import { queueNameProblem, SEQUENCED_WITH_STORE } from '../run-modes/queue/queue-settings.js';
import type { QueueHealthOptions } from '../run-modes/worker/queue-health.js';
import {
  queuesOptionsProblems,
  resolveRole,
  type QueueRole,
  type QueuesOptions,
  type ResolvedRole,
} from '../run-modes/worker/role.js';

/** The options of the module that concern queues, as they were given. */
export interface QueueingOptions extends PayloadLimits {
  readonly runMode?: RunMode;
  readonly queue?: QueueBackendFactory;
  readonly queues?: QueuesOptions;
  readonly role?: QueueRole;
  readonly routes?: readonly RouteRule[];
  readonly queueHealth?: QueueHealthOptions;
  readonly messages?: readonly MessageClass[];
  readonly claimCheck?: ClaimCheckOptions;
  readonly deadLetters?: DeadLettersOptions;
  readonly outbox?: boolean | OutboxOptions;
  readonly transactions?: unknown;
}

/** The options that concern queues, complete. */
export interface ResolvedQueueing {
  readonly factory: QueueBackendFactory | undefined;
  readonly placement: PlacementOptions;
  readonly catalog: QueueCatalogOptions;
  readonly role: ResolvedRole;
  readonly health: Required<QueueHealthOptions>;
  readonly messages: readonly MessageClass[];
  readonly claimCheck: ResolvedClaimCheck | undefined;
  readonly deadLetters: ResolvedDeadLetters;
  readonly outbox: ResolvedOutbox | undefined;
}

const HEALTH: Required<QueueHealthOptions> = { maxWaiting: 1000, maxFailed: 100, everyMs: 30_000 };

/** Fills the defaults in and adds what is wrong to the mistakes; of what is wrong nothing is used. */
export function resolveQueueing(options: QueueingOptions, mistakes: WiringMistake[]): ResolvedQueueing {
  const add = (text: string): void => void mistakes.push({ rule: 'invalid-options', text: `${text}.` });
  const { runMode, queue: factory } = options;
  if (runMode === RunMode.Async && factory === undefined) mistakes.push(missingQueue('DispatchModule'));
  if (runMode !== undefined && !isRunMode(runMode)) {
    add(`The option "runMode" of DispatchModule is ${JSON.stringify(runMode)}, not RunMode.Sync or RunMode.Async`);
  }
  if (factory !== undefined && !isFactory(factory)) {
    add(
      `The option "queue" of DispatchModule is ${describeValue(factory)}: give inMemoryQueue(), bullmq() or bullmqPostgres()`,
    );
  }
  const queues = checkedQueues(options.queues ?? {}, add);
  const deadLetters = resolveDeadLetters(options.deadLetters, (problem) =>
    add(`The option "deadLetters" of DispatchModule ${problem}`),
  );
  if (deadLetters.store !== undefined) {
    for (const name of sequencedIn(queues)) {
      add(`The option "queues" of DispatchModule has ${name}, which ${SEQUENCED_WITH_STORE}`);
    }
  }
  const role = resolveRole(options.role, queues, process.env);
  for (const problem of role.problems) add(problem);
  const outbox = resolveOutbox(options, mistakes);
  return {
    outbox,
    factory: isFactory(factory) ? factory : undefined,
    placement: {
      runMode: runMode ?? RunMode.Sync,
      queue: queues.default ?? 'default',
      routes: checkedRoutes(options, outbox !== undefined, mistakes),
    },
    catalog: { defaults: queues.defaults ?? {}, each: queues.each ?? {} },
    role,
    messages: checkedMessages(options.messages ?? [], add),
    deadLetters,
    health: checkedHealth(options.queueHealth ?? {}, add),
    claimCheck: resolveClaimCheck(options.claimCheck, options, mistakes),
  };
}

function checkedQueues(queues: QueuesOptions, add: (text: string) => void): QueuesOptions {
  const problems = queuesOptionsProblems(queues);
  for (const problem of problems) add(`The option "queues" of DispatchModule ${problem}`);
  return problems.length === 0 ? queues : {};
}

/** What says of queues that they are sequenced. */
function sequencedIn({ defaults, each = {} }: QueuesOptions): string[] {
  const queues = Object.entries(each).filter(([, { sequenced }]) => sequenced === true);
  const names = queues.map(([name]) => `the queue "${name}"`);
  return defaults?.sequenced === true ? ['"defaults"', ...names] : names;
}

function checkedRoutes(
  { routes = [], queue }: QueueingOptions,
  hasOutbox: boolean,
  mistakes: WiringMistake[],
): readonly RouteRule[] {
  const add = (text: string): void => void mistakes.push({ rule: 'invalid-options', text });
  if (!Array.isArray(routes)) {
    add(`The option "routes" of DispatchModule is ${describeValue(routes)}, not a list of rules.`);
    return [];
  }
  return routes.filter((rule: unknown, index) => {
    const problem = ruleProblem(rule);
    const label = `routes[${index}] of DispatchModule`;
    if (problem !== undefined) {
      add(`${label} ${problem}.`);
      return false;
    }
    const sound = rule as RouteRule;
    if (queue === undefined && meantRunMode(sound) === RunMode.Async) mistakes.push(missingQueue(label));
    if (!hasOutbox && sound.outbox === true) {
      add(`${label} says "outbox: true", and there is none: give the option "outbox" too.`);
    }
    return true;
  });
}

function ruleProblem(rule: unknown): string | undefined {
  if (!isOptionsObject(rule)) return `is ${describeValue(rule)}, not { messages, queue, runMode }`;
  const { messages, queue, runMode, priority, outbox, ...unknown } = rule as Readonly<Record<string, unknown>>;
  const [name] = Object.keys(unknown);
  if (name !== undefined) return `has the unknown name "${name}": there are messages, queue, runMode, priority, outbox`;
  const refs: readonly unknown[] = Array.isArray(messages) ? messages : [];
  if (refs.length === 0) return `has messages ${describeValue(messages)}, not a list of classes and names`;
  for (const ref of refs) {
    const problem = refProblem(ref);
    if (problem !== undefined) return problem;
  }
  if (queue !== undefined && queueNameProblem(queue) !== undefined)
    return `has a queue that cannot be: ${queueNameProblem(queue)}`;
  if (runMode !== undefined && !isRunMode(runMode))
    return `has runMode ${describeValue(runMode)}, not RunMode.Sync or RunMode.Async`;
  if (priority !== undefined && !isPriority(priority))
    return `has priority ${describeValue(priority)}, not 'high', 'normal', 'low' or a number from 1`;
  return outbox === undefined || typeof outbox === 'boolean'
    ? undefined
    : `has outbox ${describeValue(outbox)}, not true or false`;
}

function refProblem(ref: unknown): string | undefined {
  if (typeof ref === 'function') return undefined;
  if (typeof ref !== 'string') {
    return `names ${describeValue(ref)} as a message: give a class or a name; a class that is undefined here comes from an import cycle`;
  }
  const problem = namePatternProblem(ref);
  return problem && `names a message by what cannot be: ${problem}`;
}

function checkedMessages(messages: unknown, add: (text: string) => void): readonly MessageClass[] {
  if (Array.isArray(messages) && messages.every(isClass)) return messages;
  add(`The option "messages" of DispatchModule is ${describeValue(messages)}, not a list of message classes`);
  return [];
}

function checkedHealth(given: QueueHealthOptions, add: (text: string) => void): Required<QueueHealthOptions> {
  const health = { ...HEALTH };
  for (const [name, value] of Object.entries(isOptionsObject(given) ? given : { queueHealth: given })) {
    if (!(name in HEALTH))
      add(
        `The option "queueHealth" of DispatchModule has the unknown name "${name}": there are ${Object.keys(HEALTH).join(', ')}`,
      );
    else if (value === undefined) continue;
    else if (typeof value !== 'number' || !isTimeoutMs(value)) {
      add(
        `The option "queueHealth" of DispatchModule has ${name} ${describeValue(value)}, not a number from 0 to ${MAX_TIMEOUT_MS}`,
      );
    } else health[name as keyof QueueHealthOptions] = value;
  }
  return health;
}

function isClass(value: unknown): value is MessageClass {
  return typeof value === 'function';
}

function isRunMode(value: unknown): value is RunMode {
  return value === RunMode.Sync || value === RunMode.Async;
}

function isFactory(value: unknown): value is QueueBackendFactory {
  return isOptionsObject(value) && typeof Reflect.get(value, 'create') === 'function';
}
