import { describeValue } from '../../common/describe-value.js';
import type { MessageRegistry } from '../../message/message-registry.js';
import type { EventShape, UpcasterEntry } from './upcaster.js';

/** The upcasters of an application: which shapes of events lead to which. */
export class Upcasters {
  private readonly ups = new Map<string, UpcasterEntry>();
  private readonly downs = new Map<string, UpcasterEntry>();

  /** Adds an upcaster, unless something is wrong with it. @returns what is wrong */
  add(entry: UpcasterEntry): string[] {
    const problems = problemsOf(entry);
    const known = this.ups.get(keyOf({ name: entry.name, version: entry.from }));
    if (known !== undefined) {
      problems.push(
        `${entry.label} and ${known.label} both upcast ${textOf({ name: entry.name, version: entry.from })}`,
      );
    }
    if (problems.length > 0) return problems;
    this.ups.set(keyOf({ name: entry.name, version: entry.from }), entry);
    const [target] = entry.into;
    if (entry.down !== undefined && target !== undefined) this.downs.set(keyOf(target), entry);
    return [];
  }

  /** What takes a shape to the next. */
  upFrom(shape: EventShape): UpcasterEntry | undefined {
    return this.ups.get(keyOf(shape));
  }

  /** What takes a shape to the one before. */
  downFrom(shape: EventShape): UpcasterEntry | undefined {
    return this.downs.get(keyOf(shape));
  }

  /** The names under which events may be stored that are read under one of these. */
  storedNamesOf(names: readonly string[]): readonly string[] {
    const found = new Set(names);
    for (let before = -1; before !== found.size;) {
      before = found.size;
      for (const { name, into } of this.ups.values()) if (into.some((shape) => found.has(shape.name))) found.add(name);
    }
    return [...found];
  }

  /** Looks whether every chain comes to an end, and leads to a class that is known. @returns what is wrong */
  problems(messages: MessageRegistry): string[] {
    const circular = this.circles();
    const dangling = [...this.ups.values()].flatMap((entry) =>
      entry.into.flatMap((shape) => this.targetProblem(entry, shape, messages) ?? []),
    );
    return [...new Set([...circular, ...dangling, ...this.gaps(messages)])];
  }

  private targetProblem(
    { label, down }: UpcasterEntry,
    shape: EventShape,
    messages: MessageRegistry,
  ): string | undefined {
    if (this.ups.has(keyOf(shape))) return undefined;
    const newest = messages.find(shape.name)?.version;
    if (newest === shape.version) return undefined;
    const leads = `${label} leads to ${textOf(shape)}`;
    if (newest === undefined) return `${leads}, and no class of that name is known: name it in the option "messages"`;
    if (newest > shape.version) return `${leads}, and no upcaster leads from there to version ${newest}`;
    // One that knows the way back may be there before the class: what others store already is downcast until then.
    return down === undefined ? `${leads}, but the newest class that is known is version ${newest}` : undefined;
  }

  /** Versions between the oldest that is upcast and the newest class from which nothing leads on. */
  private gaps(messages: MessageRegistry): string[] {
    const oldest = new Map<string, number>();
    for (const { name, from } of this.ups.values()) oldest.set(name, Math.min(from, oldest.get(name) ?? from));
    return [...oldest].flatMap(([name, first]) => {
      const newest = messages.find(name)?.version ?? first;
      const missing: string[] = [];
      for (let version = first; version < newest; version++) {
        if (this.ups.has(keyOf({ name, version }))) continue;
        missing.push(`no upcaster leads from ${textOf({ name, version })} on, towards version ${newest}`);
      }
      return missing;
    });
  }

  private circles(): string[] {
    const done = new Set<string>();
    const found: string[] = [];
    const visit = (shape: EventShape, path: readonly string[]): void => {
      const key = textOf(shape);
      const start = path.indexOf(key);
      if (start >= 0) found.push(`the upcasters lead round in a circle: ${[...path.slice(start), key].join(' -> ')}`);
      if (start >= 0 || done.has(key)) return;
      for (const next of this.ups.get(keyOf(shape))?.into ?? []) visit(next, [...path, key]);
      done.add(key);
    };
    for (const { name, from: version } of this.ups.values()) visit({ name, version }, []);
    return found;
  }
}

/** How texts name a shape. */
export function textOf({ name, version }: EventShape): string {
  return `"${name}" v${version}`;
}

function keyOf({ name, version }: EventShape): string {
  return `${version} ${name}`;
}

function problemsOf({ label, name, from, into, isSplit, up, down }: UpcasterEntry): string[] {
  const problems: string[] = [];
  const add = (problem: string): unknown => problems.push(`${label} ${problem}`);
  if (typeof name !== 'string' || name === '') add(`has ${describeValue(name)} as the name of events`);
  if (!isVersion(from)) add(`has ${describeValue(from)} as its "from", not a whole number from 1`);
  if (typeof up !== 'function') add('has no method up()');
  if (!Array.isArray(into)) return [...problems, `${label} has ${describeValue(into)} as its "into", not a list`];
  for (const shape of into) {
    const fits = typeof shape?.name === 'string' && shape.name !== '' && isVersion(shape.version);
    if (!fits) add('leads to what has no name, or no version that is a whole number from 1');
    else if (shape.name === name && shape.version <= from) add(`leads from version ${from} back to ${shape.version}`);
  }
  if (down !== undefined && (isSplit || into[0]?.name !== name)) {
    add('has a method down(), but leads to another name or to several events, from which there is no way back');
  }
  return problems;
}

function isVersion(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}
