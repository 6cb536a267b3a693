import { describeValue } from '../common/describe-value.js';
import { InvalidAppendError } from './errors.js';
import type { ExpectedVersion } from './event-store.port.js';

/** The most events of one append. */
export const MAX_APPENDED_EVENTS = 1000;
/** The most characters of a stream's name. */
export const MAX_STREAM_LENGTH = 255;

/** Letters, digits, `_` and `.`, then `-`, then whatever names one of the category, but for NUL and lone surrogates. */
const STREAM = /^([\p{L}\p{N}_.]+)-[^\0\p{Surrogate}]+$/u;
const WORDS: readonly unknown[] = ['none', 'exists', 'any'] satisfies ExpectedVersion[];

const CATEGORY = /^[\p{L}\p{N}_.]+$/u;

/** Whether a text can be the category of streams. */
export function isCategory(category: string): boolean {
  return CATEGORY.test(category) && category.length < MAX_STREAM_LENGTH / 2;
}

/** The category of a stream: what stands before the first `-` of its name. */
export function categoryOf(stream: string): string {
  return stream.slice(0, stream.indexOf('-'));
}

/** What is wrong with the name of a stream; undefined if nothing is. */
export function streamNameProblem(stream: unknown): string | undefined {
  if (typeof stream !== 'string') return `the name of the stream is ${describeValue(stream)}, not a text`;
  if (stream.length > MAX_STREAM_LENGTH) return `the name of the stream is longer than ${MAX_STREAM_LENGTH} characters`;
  return STREAM.test(stream)
    ? undefined
    : 'the name of the stream is not a category of letters, digits, "_" and ".", then "-", then an id';
}

/**
 * Looks at what is to be appended before a store does: the name of the stream, the expected version, and at most 1000 events.
 * A store calls it first; that a store takes what passes is its own business.
 *
 * @throws DISPATCH_INVALID_APPEND with every problem
 */
export function checkAppend(stream: string, events: readonly object[], expected: ExpectedVersion): void {
  const problems = [streamNameProblem(stream), expectedVersionProblem(expected)].filter((one) => one !== undefined);
  if (!Array.isArray(events)) problems.push(`the events are ${describeValue(events)}, not a list`);
  else if (events.length > MAX_APPENDED_EVENTS) {
    problems.push(`there are ${events.length} events, more than ${MAX_APPENDED_EVENTS} at once`);
  }
  if (problems.length > 0) throw new InvalidAppendError(stream, problems);
}

/** Whether a stream of some version, 0 if there is none, is as it was expected to be. */
export function isExpected(version: number, expected: ExpectedVersion): boolean {
  switch (expected) {
    case 'any':
      return true;
    case 'none':
      return version === 0;
    case 'exists':
      return version > 0;
    default:
      return version === expected;
  }
}

function expectedVersionProblem(expected: unknown): string | undefined {
  if (WORDS.includes(expected) || (Number.isSafeInteger(expected) && Number(expected) >= 0)) return undefined;
  return `the expected version is ${describeValue(expected)}, not 'none', 'exists', 'any' or a whole number from 0`;
}
