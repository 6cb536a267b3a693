import { describeValue, isOptionsObject } from '../common/describe-value.js';
import type { WiringMistake } from '../handlers/errors.js';
import type { MessageKind } from '../message/message.js';
import type { BehaviorOptions } from './behavior.decorators.js';

const KINDS: readonly unknown[] = ['command', 'query', 'event'] satisfies MessageKind[];

/** Says what is wrong with the value of each option; undefined where nothing is. */
const PROBLEMS: Record<keyof BehaviorOptions, (value: unknown) => string | undefined> = {
  priority: (value) => (Number.isFinite(value) ? undefined : `which is ${describeValue(value)}, not a finite number`),
  appliesTo: (value) =>
    value === 'all' || value === 'named' ? undefined : `which is ${describeValue(value)}, not 'all' or 'named'`,
  kinds: (value) => {
    if (!Array.isArray(value)) return `which is ${describeValue(value)}: give a list of 'command', 'query', 'event'`;
    const wrong = value.findIndex((kind) => !KINDS.includes(kind));
    return wrong === -1
      ? undefined
      : `which has ${describeValue(value[wrong])} in it, not 'command', 'query' or 'event'`;
  },
};

/** Options of a behavior, those with a wrong value left out. */
export interface CheckedBehaviorOptions {
  readonly options: BehaviorOptions;
  readonly mistakes: readonly WiringMistake[];
}

/** Looks the options of a behavior over: the types refuse wrong ones, but a program without types or with `as` has them. */
export function checkBehaviorOptions(label: string, options: unknown): CheckedBehaviorOptions {
  if (!isOptionsObject(options)) {
    const text = `The behavior ${label} has ${describeValue(options)} as its options: give an object.`;
    return { options: {}, mistakes: [{ rule: 'invalid-options', text }] };
  }
  const mistakes: WiringMistake[] = [];
  const sound: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const problem = problemOf(name, value);
    if (problem === undefined) sound[name] = value;
    else
      mistakes.push({ rule: 'invalid-options', text: `The behavior ${label} has the option "${name}", ${problem}.` });
  }
  // Every entry is a known option with a value that it can have.
  return { options: sound, mistakes };
}

function problemOf(name: string, value: unknown): string | undefined {
  if (!Object.hasOwn(PROBLEMS, name)) return `which is unknown: the options are ${Object.keys(PROBLEMS).join(', ')}`;
  return value === undefined ? undefined : PROBLEMS[name as keyof BehaviorOptions](value);
}
