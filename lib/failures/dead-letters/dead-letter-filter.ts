import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { namePattern, namePatternProblem } from '../../common/name-pattern.js';
import type { DeadLetter, DeadLetterPlace } from './dead-letter.js';

/** Which dead letters are meant: those to which all of it applies. Every field may be left out. */
export interface DeadLetterFilter {
  readonly queue?: string;
  readonly place?: DeadLetterPlace;
  /** The name given with `deadLetter('bank')`. */
  readonly label?: string;
  /** A message name, or a pattern such as `'orders.*'`. */
  readonly message?: string;
  /** The key of a handler: its class name, with its module's where two share that. */
  readonly handler?: string;
  /** The class name of the error. */
  readonly error?: string;
  /** The code of the error. */
  readonly code?: string;
  /** Stands somewhere in the text of the error, in whatever case. */
  readonly text?: string;
  readonly correlationId?: string;
  /** The key of the message, by which its order is kept. */
  readonly key?: string;
  /** A group: {@link DeadLetterGroup.cause}. */
  readonly cause?: string;
  /** One of {@link DeadLetter.tags}. */
  readonly tag?: string;
  /** Parked then or later. */
  readonly parkedAfter?: Date;
  /** Parked earlier. */
  readonly parkedBefore?: Date;
}

type Fields = Required<DeadLetterFilter>;
type Matchers = { readonly [Name in keyof Fields]: (wanted: Fields[Name]) => (letter: DeadLetter) => boolean };

const PLACES: readonly unknown[] = ['failed', 'unreadable', 'unhandled', 'invalid'] satisfies DeadLetterPlace[];
const DATES: readonly string[] = ['parkedAfter', 'parkedBefore'] satisfies (keyof Fields)[];

const MATCHERS: Matchers = {
  queue: (wanted) => (letter) => letter.queue === wanted,
  place: (wanted) => (letter) => letter.place === wanted,
  label: (wanted) => (letter) => letter.label === wanted,
  message: (wanted) => {
    const fits = namePattern(wanted);
    return ({ message }) => message !== undefined && fits(message.name);
  },
  handler: (wanted) => (letter) => letter.handler === wanted,
  error: (wanted) => (letter) => letter.error.name === wanted,
  code: (wanted) => (letter) => letter.error.code === wanted,
  text: (wanted) => {
    const text = wanted.toLowerCase();
    return (letter) => letter.error.message.toLowerCase().includes(text);
  },
  correlationId: (wanted) => (letter) => letter.message?.headers.correlationId === wanted,
  key: (wanted) => (letter) => letter.message?.key === wanted,
  cause: (wanted) => (letter) => letter.cause === wanted,
  tag: (wanted) => (letter) => letter.tags.includes(wanted),
  parkedAfter: (wanted) => (letter) => letter.lastFailedAt >= wanted,
  parkedBefore: (wanted) => (letter) => letter.lastFailedAt < wanted,
};

/** A filter that was checked: its fields that are set, and what it lets through. */
export interface CheckedFilter {
  readonly fields: DeadLetterFilter;
  /** Whether it asks for nothing that the list of a letter does not tell already. */
  readonly isByList: boolean;
  matches(letter: DeadLetter): boolean;
}

/** What is wrong with a filter, which may come from a program without types, or over the wire. */
export function filterProblems(filter: unknown): string[] {
  if (!isOptionsObject(filter)) return [`the filter is ${describeValue(filter)}, not an object; {} means every letter`];
  return Object.entries(filter).flatMap(([name, value]) => {
    if (!Object.hasOwn(MATCHERS, name))
      return `the filter has the unknown field "${name}": there are ${Object.keys(MATCHERS).join(', ')}`;
    const problem = value === undefined ? undefined : fieldProblem(name, value);
    return problem === undefined ? [] : `the filter has ${name} ${problem}`;
  });
}

/** Reads a filter in which nothing is wrong. */
export function checkedFilter(filter: DeadLetterFilter): CheckedFilter {
  const names = (Object.keys(filter) as (keyof Fields)[]).filter((name) => filter[name] !== undefined);
  const tests = names.map((name) => matcherOf(name, filter));
  return {
    fields: filter,
    isByList: names.every((name) => name === 'queue' || name === 'place'),
    matches: (letter) => tests.every((fits) => fits(letter)),
  };
}

function matcherOf<N extends keyof Fields>(name: N, filter: DeadLetterFilter): (letter: DeadLetter) => boolean {
  // The field is set: its name was chosen by that.
  return MATCHERS[name](filter[name] as Fields[N]);
}

function fieldProblem(name: string, value: unknown): string | undefined {
  if (DATES.includes(name)) {
    if (value instanceof Date && !Number.isNaN(value.getTime())) return undefined;
    return `${value instanceof Date ? 'an invalid date' : describeValue(value)}, not a Date`;
  }
  if (typeof value !== 'string' || value === '') return `${describeValue(value)}, not a text`;
  if (name === 'place' && !PLACES.includes(value)) return `${describeValue(value)}: there are ${PLACES.join(', ')}`;
  if (name !== 'message') return undefined;
  const problem = namePatternProblem(value);
  return problem && `that cannot be: ${problem}`;
}
