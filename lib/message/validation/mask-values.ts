import { types } from 'node:util';

import { cutShort, ELLIPSIS, MAX_TEXT_LENGTH } from './violation-limits.js';

/** What an error says of a field where a text about it might quote the payload and cannot be searched for that. */
export const NEUTRAL_TEXT = 'is invalid';

/** What stands in an error's text where a library had quoted the payload. */
const MASK = '[value]';

/** A text this long is taken out also where it stands without quotes; a shorter one may be a word of the sentence. */
const MIN_BARE_LENGTH = 8;

/** How many values are looked at, and places looked over, inside the collections of one message. */
const MAX_STEPS = 10_000;

/** A longer bigint is not printed to be searched for: that costs more than its length. */
const BIGINT_LIMIT = 10n ** BigInt(MAX_TEXT_LENGTH);

/**
 * Takes the values of one message out of the texts a validation library made about it. No pattern is made of data, and
 * all texts about collections share one allowance of work: a message so large that it is used up has neutral texts.
 */
export class ValueMask {
  private stepsLeft = MAX_STEPS;

  /**
   * The text without the given values and all inside them, cut to 500 characters: without strings where they are quoted
   * or have at least `minBareLength` characters (default 8), and without numbers, booleans and dates unless they are
   * the bound of a comparison (`>0`).
   */
  apply(text: string, values: readonly unknown[], minBareLength: number = MIN_BARE_LENGTH): string {
    // A value that is no collection is found or not in a time that the length of the text shown bounds.
    const isFlat = !values.some(isCollection);
    const search = new Search(text, minBareLength, isFlat ? MAX_STEPS : this.stepsLeft);
    const isComplete = markAll(values, search);
    if (!isFlat) this.stepsLeft = isComplete ? search.stepsLeft : 0;
    return isComplete ? search.masked() : NEUTRAL_TEXT;
  }
}

/** Returns false where there is more to look at than the search may. */
function markAll(values: readonly unknown[], search: Search): boolean {
  const seen = new Set<object>();
  const pending: unknown[] = [...values];
  while (pending.length > 0 && pending.length <= search.stepsLeft) {
    const value = pending.pop();
    search.stepsLeft--;
    if (!isCollection(value)) search.mark(value);
    else if (!seen.has(value)) {
      seen.add(value);
      addParts(pending, value, search.stepsLeft);
    }
  }
  return pending.length === 0 && search.stepsLeft >= 0;
}

function isCollection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Date);
}

/** Adds no more than one part beyond the limit, which is enough to show that they are too many. */
function addParts(pending: unknown[], value: object, limit: number): void {
  for (const part of partsOf(value)) {
    pending.push(part);
    if (pending.length > limit) return;
  }
}

function* partsOf(value: object): Generator<unknown, void> {
  if (value instanceof Map) {
    for (const entry of value) yield* entry;
  } else if (Array.isArray(value) || value instanceof Set || types.isTypedArray(value)) {
    yield* value as Iterable<unknown>;
  } else yield* Object.values(value);
}

/**
 * Finds where values stand in the beginning of a text that is shown. Twice that length is looked at, and no more than
 * that length of a value: so a value that begins in what is shown, and ends or is cut off beyond it, is found.
 */
class Search {
  private readonly window: string;
  /** Where the values found end, by where they begin. */
  private readonly ends = new Map<number, number>();

  constructor(
    private readonly text: string,
    private readonly minBareLength: number,
    /** Negative once the search could not be completed. */
    public stepsLeft: number,
  ) {
    this.window = text.slice(0, 2 * MAX_TEXT_LENGTH);
  }

  /** Marks every place of a value that is no collection. */
  mark(value: unknown): void {
    if (typeof value === 'string') this.markString(value);
    else if (typeof value === 'number' || typeof value === 'boolean') this.markForm(String(value), isNumberAt);
    else if (typeof value === 'bigint') this.markBigint(value);
    else if (value instanceof Date && !Number.isNaN(value.getTime())) {
      for (const form of [value.toISOString(), String(value)]) this.markForm(form);
    }
  }

  /** The text with each value, or values that overlap, replaced. */
  masked(): string {
    let shown = '';
    let at = 0;
    while (at < this.text.length && at < MAX_TEXT_LENGTH) {
      let end = this.ends.get(at);
      if (end === undefined) {
        shown += this.text.charAt(at++);
        continue;
      }
      for (let inside = at; inside < end; inside++) end = Math.max(end, this.ends.get(inside) ?? 0);
      shown += MASK;
      at = end;
    }
    return cutShort(at < this.text.length ? shown + ELLIPSIS : shown, MAX_TEXT_LENGTH);
  }

  private markString(value: string): void {
    if (value === '') return;
    const head = value.slice(0, MAX_TEXT_LENGTH);
    const json = JSON.stringify(head);
    const isEscaped = json.length > head.length + 2;
    if (!isEscaped && !this.window.includes(head)) return;
    for (const quoted of [json, `"${head}"`, `'${head}'`, `\`${head}\``]) {
      this.markForm(quoted.slice(0, MAX_TEXT_LENGTH));
    }
    if (value.length < this.minBareLength) return;
    const isCut = head.length < value.length;
    this.markForm(head, (text, at, end) => !isWord(text.charAt(at - 1)) && (isCut || !isWord(text.charAt(end))));
  }

  private markBigint(value: bigint): void {
    if (value > -BIGINT_LIMIT && value < BIGINT_LIMIT) this.markForm(String(value), isNumberAt);
    else this.stepsLeft = -1;
  }

  private markForm(form: string, fits: (text: string, at: number, end: number) => boolean = () => true): void {
    let at = this.window.indexOf(form);
    while (at !== -1 && at < MAX_TEXT_LENGTH && this.stepsLeft-- > 0) {
      const end = at + form.length;
      if (fits(this.window, at, end)) this.ends.set(at, Math.max(end, this.ends.get(at) ?? 0));
      at = this.window.indexOf(form, at + 1);
    }
  }
}

function isWord(character: string): boolean {
  return /\w/.test(character);
}

/** Not a part of another number or word, and not the bound of a comparison. */
function isNumberAt(text: string, at: number, end: number): boolean {
  const before = text.slice(Math.max(0, at - 2), at);
  return !/[\w.<>=]$|[<>=] $/.test(before) && !/^(?:\w|\.\d)/.test(text.slice(end, end + 2));
}
