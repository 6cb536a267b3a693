import { describeKind, isOptionsObject } from '../../common/describe-value.js';
import { SOURCE_HOOKS, wrongHooks } from '../hooks.js';
import type { MessageSource, SourceDefinition, SourceEntry, SourceOptions } from './source.js';

const OPTIONS = { name: true, match: true, inspector: true } satisfies Record<keyof SourceOptions, true>;
const DEFINITION = { ...OPTIONS, parse: true, verify: true } satisfies Record<keyof SourceDefinition, true>;

/**
 * Lists what is wrong with sources that are to be registered, given the names that are taken; empty if nothing is.
 * Neither decorators nor a program without types keep wrong ones out, so each is looked at.
 */
export function sourceProblems(entries: readonly unknown[], takenNames: Iterable<string> = []): readonly string[] {
  const names = new Set(takenNames);
  const problems: string[] = [];
  for (const entry of entries) {
    if (!isEntry(entry)) {
      problems.push(foreignEntryProblem(entry));
      continue;
    }
    const name = nameOf(entry);
    if (name !== undefined && names.has(name)) {
      problems.push(`two sources are named "${name}", one is ${makerOf(entry)}`);
    }
    if (name !== undefined) names.add(name);
    problems.push(...entryProblems(entry).map((problem) => `${labelOf(entry)} ${problem}`));
  }
  return problems;
}

function isEntry(entry: unknown): entry is SourceEntry {
  return isOptionsObject(entry) && 'options' in entry && 'source' in entry;
}

function foreignEntryProblem(entry: unknown): string {
  const isInstance = isOptionsObject(entry) && !isPlain(entry);
  const found = isInstance ? `an instance of ${entry.constructor.name}` : describeKind(entry);
  return `"sources" takes what defineSource() makes, not ${found}; a class with @Source goes into the providers of a module`;
}

function entryProblems({ options, source }: SourceEntry): readonly string[] {
  const isDefinition = isMadeByDefineSource({ options, source });
  if (!isOptionsObject(options) || Object.keys(options).length === 0) {
    const written = isDefinition ? 'defineSource({ name, match, parse })' : '@Source({ name, match })';
    return [`has no options: write ${written}`];
  }
  const problems = [...optionProblems(options), ...methodProblems(source)];
  const known: readonly string[] = isDefinition ? [...Object.keys(DEFINITION), ...SOURCE_HOOKS] : Object.keys(OPTIONS);
  // An object of a class of its own may have further fields; in a literal they are mistyped names.
  const unknown = isPlain(options) ? Object.keys(options).filter((name) => !known.includes(name)) : [];
  for (const name of unknown) problems.push(`has the unknown option "${name}": the options are ${known.join(', ')}`);
  return problems;
}

function optionProblems({ name, match, inspector }: Partial<SourceOptions>): string[] {
  const problems: string[] = [];
  if (name === undefined) problems.push('has no "name"');
  else if (typeof name !== 'string') problems.push(`has a "name" that is ${describeKind(name)}, not a string`);
  else if (name === '') problems.push('has an empty name');
  const unfit = match === undefined ? undefined : unfitDiscriminator(match);
  if (match === undefined) problems.push('has no "match": say which messages are its own, such as hasFields("id")');
  else if (unfit !== undefined) problems.push(`has a "match" with ${unfit} in it: ${DISCRIMINATORS}`);
  if (inspector !== undefined && typeof (inspector as { inspect?: unknown } | null)?.inspect !== 'function') {
    problems.push('has an "inspector" without a method "inspect"');
  }
  return problems;
}

const DISCRIMINATORS =
  'give a function, or what and, or, not, hasFields, fieldEquals, fieldMatches and header make, called with names';

/** Names the first part of a discriminator that is none; undefined where there is no such part. */
function unfitDiscriminator(value: unknown): string | undefined {
  if (typeof value === 'function') return undefined;
  if (!isOptionsObject(value) || !('kind' in value)) return describeKind(value);
  const { parts, part, paths, path, name } = value as Readonly<Record<string, unknown>>;
  switch (value.kind) {
    case 'and':
    case 'or':
      return Array.isArray(parts) ? firstOf(parts, unfitDiscriminator) : describeKind(parts);
    case 'not':
      return unfitDiscriminator(part);
    case 'hasFields':
      return Array.isArray(paths) ? firstOf(paths, unfitName) : describeKind(paths);
    case 'fieldEquals':
    case 'fieldMatches':
      return unfitName(path);
    case 'header':
      return unfitName(name);
    default:
      return describeKind(value);
  }
}

function unfitName(value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : describeKind(value);
}

function firstOf(values: readonly unknown[], problemOf: (value: unknown) => string | undefined): string | undefined {
  return values.map(problemOf).find((problem) => problem !== undefined);
}

function methodProblems(source: MessageSource): readonly string[] {
  const { parse, verify } = source as { readonly parse?: unknown; readonly verify?: unknown };
  return [
    ...(typeof parse === 'function' ? [] : ['has no method "parse"']),
    ...(verify === undefined || typeof verify === 'function'
      ? []
      : [`has a "verify" that is ${describeKind(verify)}, not a function`]),
    ...wrongHooks(source),
  ];
}

function labelOf(entry: SourceEntry): string {
  const name = nameOf(entry);
  return name === undefined ? `source ${makerOf(entry)}` : `source "${name}" (${makerOf(entry)})`;
}

/** Undefined also for what is no name. */
function nameOf({ options }: SourceEntry): string | undefined {
  const name: unknown = (options as Partial<SourceOptions> | null | undefined)?.name;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function makerOf(entry: SourceEntry): string {
  if (isMadeByDefineSource(entry)) return 'made by defineSource';
  return isPlain(entry.source) ? 'a plain object' : entry.source.constructor.name;
}

/** There a source and its options are one object. */
function isMadeByDefineSource({ options, source }: SourceEntry): boolean {
  return (options as unknown) === source;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
