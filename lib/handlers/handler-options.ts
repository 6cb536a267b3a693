import { describeValue } from '../common/describe-value.js';
import { isPriority, MAX_PRIORITY } from '../message/envelope.js';
import { RunMode } from '../message/run-mode.js';
import type { MessageKind } from '../message/message.js';
import { checkOptions, type CheckedOptions, type OptionChecks } from './checked-options.js';
import type { EventPhase, EventsHandlerOptions, HandlerDeclaration, HandlerOptions } from './handler.decorators.js';

/** The decorator of each kind of handler. */
export const HANDLER_DECORATORS: Record<MessageKind, string> = {
  command: '@CommandHandler',
  query: '@QueryHandler',
  event: '@EventsHandler',
};

/** The time limit is looked at with that of the module, the scope by Nest. */
const checkedElsewhere = (): undefined => undefined;

const SHARED: OptionChecks<Omit<HandlerOptions, 'override'>> = {
  keys: keysProblem,
  runMode: (value) =>
    Object.values<unknown>(RunMode).includes(value)
      ? undefined
      : `which is ${describeValue(value)}, not RunMode.Sync or RunMode.Async`,
  queue: (value) =>
    typeof value === 'string' && value !== '' ? undefined : `which is ${describeValue(value)}, not the name of a queue`,
  priority: (value) =>
    isPriority(value)
      ? undefined
      : `which is ${describeValue(value)}, not 'high', 'normal', 'low' or a whole number from 1 to ${MAX_PRIORITY}`,
  timeoutMs: checkedElsewhere,
  schema: (value) => {
    const problem = schemaProblem(value);
    return problem === undefined ? undefined : `which ${problem}`;
  },
  scope: checkedElsewhere,
  durable: checkedElsewhere,
};

const SINGLE: OptionChecks<HandlerOptions> = { ...SHARED, override: booleanProblem };
const EVENTS: OptionChecks<EventsHandlerOptions> = { ...SHARED, polymorphic: booleanProblem, phase: phaseProblem };

/** Looks the options of a handler over; `override` and `polymorphic` belong to their own kinds of handlers. */
export function checkHandlerOptions(
  label: string,
  { kind, options }: HandlerDeclaration,
): CheckedOptions<HandlerDeclaration['options']> {
  const owner = { label, decorator: HANDLER_DECORATORS[kind] };
  return kind === 'event'
    ? checkOptions<EventsHandlerOptions>(owner, options, EVENTS)
    : checkOptions<HandlerOptions>(owner, options, SINGLE);
}

/** Why a value cannot be a Standard Schema; undefined where it can. */
export function schemaProblem(schema: unknown): string | undefined {
  const isHolder = typeof schema === 'function' || (typeof schema === 'object' && schema !== null);
  const standard: unknown = isHolder ? Reflect.get(schema, '~standard') : undefined;
  if (typeof standard === 'object' && standard !== null && 'validate' in standard) return undefined;
  return `is ${describeValue(schema)}, no Standard Schema: it has no "~standard"; give one of zod, valibot, arktype or the like`;
}

function keysProblem(keys: unknown): string | undefined {
  if (!Array.isArray(keys)) return `which is ${describeValue(keys)}: give a list of keys`;
  const index = keys.findIndex((key) => typeof key !== 'string');
  return index === -1 ? undefined : `which has ${describeValue(keys[index])} in it: a key is a string`;
}

const PHASES: readonly unknown[] = ['beforeCommit', 'afterCommit', 'afterRollback'] satisfies EventPhase[];

function phaseProblem(phase: unknown): string | undefined {
  if (PHASES.includes(phase)) return undefined;
  return `which is ${describeValue(phase)}, not 'beforeCommit', 'afterCommit' or 'afterRollback'`;
}

function booleanProblem(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : `which is ${describeValue(value)}, not true or false`;
}
