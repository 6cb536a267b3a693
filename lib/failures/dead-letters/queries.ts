import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { filterProblems, type DeadLetterFilter } from './dead-letter-filter.js';
import type { DeadLetterEdit } from './dead-letter-source.port.js';
import { InvalidDeadLetterQueryError } from './errors.js';
import type { LetterCursor } from './newest-first.js';

/** Which part of a list is given. */
export interface DeadLetterPaging {
  /** At most so many, from 1 to 1000. Default 100. */
  readonly limit?: number;
  /** The `next` of the page before; from the newest where left out. */
  readonly after?: string;
}

/** How dead letters are replayed. */
export interface ReplayOptions {
  /** Only counts what would be replayed. Default false. */
  readonly dryRun?: boolean;
  /** At most so many in a second, above 0. Default: one after the other as fast as the store takes them. */
  readonly ratePerSecond?: number;
  /** Only the oldest so many, from 1. Default: all. */
  readonly limit?: number;
  /** Ends it between two letters; the report tells how far it came. */
  readonly signal?: AbortSignal;
  /** What is changed of the message; for one letter, named by its id. */
  readonly edit?: DeadLetterEdit;
}

/** How dead letters are discarded. */
export interface DiscardOptions {
  /** Why, for those who read the notifications. */
  readonly reason: string;
  /** Only counts what would be discarded. Default false. */
  readonly dryRun?: boolean;
  /** Ends it between two letters; the report tells how far it came. */
  readonly signal?: AbortSignal;
}

/** Which dead letters are too old to be kept. */
export interface PurgeOptions {
  /** Parked this long ago or longer, in milliseconds, from 0, which means all there are. */
  readonly olderThanMs: number;
  /** Only those it lets through. Default: all. */
  readonly filter?: DeadLetterFilter;
  /** Only counts what would be removed. Default false. */
  readonly dryRun?: boolean;
  /** Ends it between two letters; the report tells how far it came. */
  readonly signal?: AbortSignal;
}

const MAX_PAGE = 1000;
type Check = (value: unknown) => string | undefined;

const isFlag: Check = (value) => (typeof value === 'boolean' ? undefined : 'not true or false');
const isSignal: Check = (value) => (isOptionsObject(value) && 'aborted' in value ? undefined : 'not an AbortSignal');
const isText: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'not a text');

const PAGING: Record<keyof DeadLetterPaging, Check> = {
  limit: (value) => (isCount(value) && value <= MAX_PAGE ? undefined : `not a whole number from 1 to ${MAX_PAGE}`),
  after: (value) => (readCursor(value) === undefined ? 'not the "next" of a page' : undefined),
};
const REPLAY: Record<keyof ReplayOptions, Check> = {
  dryRun: isFlag,
  ratePerSecond: (value) => (isNumber(value) && value > 0 ? undefined : 'not a number above 0'),
  limit: (value) => (isCount(value) ? undefined : 'not a whole number from 1'),
  signal: isSignal,
  edit: editProblem,
};
const DISCARD: Record<keyof DiscardOptions, Check> = {
  reason: isText,
  dryRun: isFlag,
  signal: isSignal,
};
const PURGE: Record<keyof PurgeOptions, Check> = {
  olderThanMs: (value) => (isNumber(value) && value >= 0 ? undefined : 'not a number of milliseconds from 0'),
  filter: (value) => filterProblems(value)[0],
  dryRun: isFlag,
  signal: isSignal,
};

/** @throws DISPATCH_INVALID_DEAD_LETTER_QUERY */
export function checkFilter(method: string, filter: unknown): void {
  refuse(method, filterProblems(filter));
}

/** @throws DISPATCH_INVALID_DEAD_LETTER_QUERY */
export function checkPaging(filter: unknown, paging: unknown): void {
  refuse('list()', [...filterProblems(filter), ...problemsOf(paging, PAGING)]);
}

/** @throws DISPATCH_INVALID_DEAD_LETTER_QUERY */
export function checkReplay(target: unknown, options: unknown): void {
  const isEdit = isOptionsObject(options) && 'edit' in options && options.edit !== undefined;
  const problems = [...targetProblems(target), ...problemsOf(options, REPLAY)];
  if (isEdit && typeof target !== 'string') problems.push('"edit" changes one letter: name it by its id');
  refuse('replay()', problems);
}

/** @throws DISPATCH_INVALID_DEAD_LETTER_QUERY */
export function checkDiscard(target: unknown, options: unknown): void {
  const isGiven = isOptionsObject(options) && 'reason' in options && options.reason !== undefined;
  const problems = [...targetProblems(target), ...problemsOf(options, DISCARD)];
  if (!isGiven) problems.push('"reason" is missing: say why, as { reason: "..." }');
  refuse('discard()', problems);
}

/** @throws DISPATCH_INVALID_DEAD_LETTER_QUERY */
export function checkPurge(options: unknown): void {
  const isGiven = isOptionsObject(options) && 'olderThanMs' in options && options.olderThanMs !== undefined;
  refuse('purge()', [...problemsOf(options, PURGE), ...(isGiven ? [] : ['"olderThanMs" is missing'])]);
}

/** Writes where a page ends. */
export function writeCursor({ parkedAtMs, list, key }: LetterCursor): string {
  return Buffer.from(JSON.stringify([parkedAtMs, list, key])).toString('base64url');
}

/** Reads where a page ends; undefined where the text says nothing of the kind. */
export function readCursor(text: unknown): LetterCursor | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const parts = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown;
    if (!Array.isArray(parts)) return undefined;
    const [parkedAtMs, list, key] = parts as unknown[];
    const isRight = isNumber(parkedAtMs) && typeof list === 'string' && typeof key === 'string';
    return isRight ? { parkedAtMs, list, key } : undefined;
  } catch {
    return undefined;
  }
}

function targetProblems(target: unknown): string[] {
  if (typeof target === 'string') return target === '' ? ['the id of a letter is empty'] : [];
  if (target === undefined) return ['it is not said which letters are meant: give an id or a filter; {} means all'];
  return filterProblems(target);
}

function problemsOf(options: unknown, checks: Readonly<Record<string, Check>>): string[] {
  if (options === undefined) return [];
  if (!isOptionsObject(options)) return [`the options are ${describeValue(options)}, not an object`];
  return Object.entries(options).flatMap(([name, value]) => {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) return `"${name}" is unknown: there are ${Object.keys(checks).join(', ')}`;
    const problem = value === undefined ? undefined : check(value);
    return problem === undefined ? [] : `"${name}" is ${describeValue(value)}, ${problem}`;
  });
}

function editProblem(edit: unknown): string | undefined {
  if (!isOptionsObject(edit)) return 'not { headers, payload }';
  const unknown = Object.keys(edit).filter((name) => name !== 'headers' && name !== 'payload');
  if (unknown.length > 0) return `which has "${unknown[0]}": there are headers and payload`;
  const headers: unknown = Reflect.get(edit, 'headers');
  if (headers === undefined) return undefined;
  const isRight =
    isOptionsObject(headers) && Object.values(headers).every((text) => text === null || isText(text) === undefined);
  return isRight ? undefined : 'whose headers are not texts, or null to take one away';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1;
}

function refuse(method: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new InvalidDeadLetterQueryError(method, problems);
}
