import { describeValue } from '../../common/describe-value.js';
import { isPromiseLike } from '../../common/promises.js';
import { InvalidFailureRuleError } from './errors.js';

/** A class whose instances are thrown. */
export type ErrorClass<E = unknown> = abstract new (...args: never[]) => E;

/** Which errors are meant: a class, or its name where the class cannot be imported. */
export type ErrorKind = ErrorClass | string;

/** What an error of these kinds is; of a mere name no more is known than that it is an error. */
export type ErrorOf<K> = K extends readonly (infer I)[] ? ErrorOf<I> : K extends ErrorClass<infer E> ? E : Error;

/** Tells the errors that a rule is for. */
export interface ErrorMatcher {
  /** As it is written: `on(SqlBusy, predicate)`. */
  readonly text: string;
  /** Throws what the user's predicate throws. */
  matches(error: unknown): boolean;
}

/**
 * Reads what a rule is for.
 *
 * An error is of a class if it is an instance of it, of a subclass too, or if it, or a class it is made of, has the name of
 * that class: an error may come from another process, another realm, or a second copy of the package that defines it. So
 * two classes of one name are one here; a predicate can tell them apart. A class without a name has its instances only.
 *
 * @param verb what the rule is written with, for the text of an error
 * @throws DISPATCH_INVALID_FAILURE_RULE where something is neither a class nor a name, or the predicate is no function
 */
export function errorMatcher(errors: unknown, predicate: unknown, verb: 'on' | 'OnError'): ErrorMatcher {
  const kinds: readonly unknown[] = Array.isArray(errors) ? errors : [errors];
  const names = kinds.map(nameOfKind);
  const list = names.join(', ');
  const subject = Array.isArray(errors) ? `[${list}]` : list;
  const refuse = (problem: string): never => {
    throw new InvalidFailureRuleError(`on(${subject})`, verb, problem);
  };
  if (kinds.length === 0) return refuse('the list of errors is empty');
  for (const kind of kinds) {
    if (isErrorKind(kind)) continue;
    const hint = kind === undefined ? ': an import cycle leaves a class undefined' : '';
    return refuse(`${describeValue(kind)} is neither an error class nor the name of one${hint}`);
  }
  if (predicate !== undefined && typeof predicate !== 'function') {
    return refuse(`the predicate is ${describeValue(predicate)}, not a function`);
  }
  // Proven kind by kind in the loop above.
  const proven = kinds as readonly ErrorKind[];
  return matcherOf(subject, (error) => proven.some((kind) => isOfKind(error, kind)), predicate);
}

/** Tells every error, or those of which the predicate holds. */
export function anyError(predicate: unknown): ErrorMatcher {
  if (predicate === undefined || typeof predicate === 'function') return matcherOf(undefined, () => true, predicate);
  const problem = `the predicate is ${describeValue(predicate)}, not a function`;
  throw new InvalidFailureRuleError('on.any()', 'any', problem);
}

function matcherOf(
  subject: string | undefined,
  isMeant: (error: unknown) => boolean,
  predicate: Function | undefined,
): ErrorMatcher {
  const parts = [subject, predicate && 'predicate'].filter((part) => part !== undefined);
  const text = `${subject === undefined ? 'on.any' : 'on'}(${parts.join(', ')})`;
  if (predicate === undefined) return Object.freeze({ text, matches: isMeant });
  return Object.freeze({ text, matches: (error: unknown) => isMeant(error) && holds(predicate, error) });
}

function holds(predicate: Function, error: unknown): boolean {
  const answer: unknown = predicate(error);
  if (!isPromiseLike(answer)) return Boolean(answer);
  Promise.resolve(answer).catch(() => 'that it is a promise is told already');
  throw new TypeError('a predicate answered with a promise, which would hold for every error');
}

function isErrorKind(value: unknown): value is ErrorKind {
  if (typeof value === 'string') return value.trim() !== '';
  // An arrow function or a method is called, not constructed, and has no instances.
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;
}

function nameOfKind(kind: unknown): string {
  if (typeof kind === 'function') return kind.name === '' ? 'a class without a name' : kind.name;
  return describeValue(kind);
}

function isOfKind(error: unknown, kind: ErrorKind): boolean {
  if (typeof kind === 'string') return isCalled(error, kind);
  return error instanceof kind || (kind.name !== '' && isCalled(error, kind.name));
}

function isCalled(error: unknown, name: string): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if (Reflect.get(error, 'name') === name) return true;
  for (let base: unknown = Object.getPrototypeOf(error); base !== null; base = Object.getPrototypeOf(base)) {
    // A prototype that is not null is an object.
    const made: unknown = Reflect.get(base as object, 'constructor');
    if (typeof made === 'function' && made.name === name) return true;
  }
  return false;
}
