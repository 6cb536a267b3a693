import { describeValue, isOptionsObject } from '../common/describe-value.js';
import { RunMode } from '../message/run-mode.js';
import type { MessageKind } from '../message/message.js';
import type { WiringMistake } from './errors.js';
import type { EventsHandlerOptions, HandlerDeclaration, HandlerOptions } from './handler.decorators.js';

/** The decorator of each kind of handler. */
export const HANDLER_DECORATORS: Record<MessageKind, string> = {
  command: '@CommandHandler',
  query: '@QueryHandler',
  event: '@EventsHandler',
};

const SINGLE = {
  keys: true,
  runMode: true,
  timeoutMs: true,
  schema: true,
  scope: true,
  durable: true,
  override: true,
} satisfies Record<keyof HandlerOptions, true>;

const EVENTS = {
  keys: true,
  runMode: true,
  timeoutMs: true,
  schema: true,
  scope: true,
  durable: true,
  polymorphic: true,
} satisfies Record<keyof EventsHandlerOptions, true>;

/** Options of a handler, those with a wrong value left out. */
export interface CheckedHandlerOptions {
  readonly options: HandlerDeclaration['options'];
  readonly mistakes: WiringMistake[];
}

/** Looks the options of a handler over: the types refuse wrong ones, but a program without types or with `as` has them. */
export function checkHandlerOptions(label: string, { kind, options }: HandlerDeclaration): CheckedHandlerOptions {
  if (!isOptionsObject(options)) {
    return {
      options: {},
      mistakes: [mistake(`${label} has ${describeValue(options)} as its options: give an object.`)],
    };
  }
  const known = Object.keys(kind === 'event' ? EVENTS : SINGLE);
  const mistakes: WiringMistake[] = [];
  const sound: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const problem = known.includes(name)
      ? problemOf(name, value)
      : `which is unknown: the options of ${HANDLER_DECORATORS[kind]} are ${known.join(', ')}`;
    if (problem === undefined) sound[name] = value;
    else mistakes.push(mistake(`${label} has the option "${name}", ${problem}.`));
  }
  // Every entry is a known option with a value that it can have.
  return { options: sound, mistakes };
}

/** Why a value cannot be a Standard Schema; undefined where it can. */
export function schemaProblem(schema: unknown): string | undefined {
  const isHolder = typeof schema === 'function' || (typeof schema === 'object' && schema !== null);
  const standard: unknown = isHolder ? Reflect.get(schema, '~standard') : undefined;
  if (typeof standard === 'object' && standard !== null && 'validate' in standard) return undefined;
  return `is ${describeValue(schema)}, no Standard Schema: it has no "~standard"; give one of zod, valibot, arktype or the like`;
}

function problemOf(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  switch (name) {
    case 'keys':
      return keysProblem(value);
    case 'runMode':
      if (Object.values<unknown>(RunMode).includes(value)) return undefined;
      return `which is ${describeValue(value)}, not RunMode.Sync or RunMode.Async`;
    case 'schema':
      return withWhich(schemaProblem(value));
    case 'override':
    case 'polymorphic':
      return typeof value === 'boolean' ? undefined : `which is ${describeValue(value)}, not true or false`;
    default:
      // The time limit is looked at with that of the module, the scope by Nest.
      return undefined;
  }
}

function keysProblem(keys: unknown): string | undefined {
  if (!Array.isArray(keys)) return `which is ${describeValue(keys)}: give a list of keys`;
  const index = keys.findIndex((key) => typeof key !== 'string');
  return index === -1 ? undefined : `which has ${describeValue(keys[index])} in it: a key is a string`;
}

function withWhich(problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `which ${problem}`;
}

function mistake(text: string): WiringMistake {
  return { rule: 'invalid-options', text };
}
