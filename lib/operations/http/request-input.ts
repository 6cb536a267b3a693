import { BadRequestException } from '@nestjs/common';

import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { durationMs } from '../../common/duration.js';
import type { DeadLetterFilter } from '../../failures/dead-letters/dead-letter-filter.js';
import { MOMENT_FIELDS, MOMENT_FORMS, momentOf, TEXT_FIELDS } from '../letter-filter.js';

const FILTER_FIELDS: readonly string[] = [...TEXT_FIELDS, ...MOMENT_FIELDS];

/** What a request says, read name by name; the answer to what is wrong with it names all of that. */
export class RequestInput {
  private readonly problems: string[] = [];
  private readonly given: Readonly<Record<string, unknown>>;

  /** @param part what it is called in the answer, as `'the query'` */
  constructor(
    given: unknown,
    private readonly part: string,
  ) {
    const isNothing = given === undefined || given === '';
    if (!isNothing && !isOptionsObject(given)) this.problem(`${part} is ${describeValue(given)}, not an object`);
    this.given = isOptionsObject(given) ? { ...given } : {};
  }

  /** Refuses names that nothing reads. */
  allow(names: readonly string[]): this {
    for (const name of Object.keys(this.given)) {
      if (!names.includes(name))
        this.problem(`${this.part} has the unknown name "${name}": there are ${names.join(', ')}`);
    }
    return this;
  }

  /** The names of a filter's fields. */
  static get filterNames(): readonly string[] {
    return FILTER_FIELDS;
  }

  /** A text that is not empty. */
  text(name: string): string | undefined {
    const value = this.given[name];
    if (value === undefined) return undefined;
    return typeof value === 'string' && value !== '' ? value : this.wrong(name, value, 'a text, given once');
  }

  /** True or false, in a query as a word. */
  flag(name: string): boolean | undefined {
    const value = this.given[name];
    if (value === undefined) return undefined;
    if (value === true || value === 'true') return true;
    return value === false || value === 'false' ? false : this.wrong(name, value, 'true or false');
  }

  /** A number, in a query as digits. Its bounds are for the service to check. */
  number(name: string): number | undefined {
    const value = this.given[name];
    if (value === undefined) return undefined;
    if (typeof value === 'number') return value;
    const isDigits = typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value);
    return isDigits ? Number(value) : this.wrong(name, value, 'a number');
  }

  /** A length of time such as `30d`, in milliseconds; it must be given. */
  duration(name: string): number {
    const ms = durationMs(this.given[name]);
    return ms ?? this.wrong(name, this.given[name], 'a length of time such as 90s, 10m, 12h or 30d') ?? 0;
  }

  /** A part that is an object of its own. */
  object(name: string): object | undefined {
    const value = this.given[name];
    return value === undefined || isOptionsObject(value) ? value : this.wrong(name, value, 'an object');
  }

  /** Whatever stands there. */
  value(name: string): unknown {
    return this.given[name];
  }

  /** Whether the name is there at all. */
  has(name: string): boolean {
    return Object.hasOwn(this.given, name);
  }

  /** The fields of a filter among what is given. Texts are checked further by the service. */
  filter(): DeadLetterFilter {
    const now = Date.now();
    const texts = TEXT_FIELDS.map((field) => [field, this.text(field)] as const);
    const moments = MOMENT_FIELDS.map((field) => {
      const text = this.text(field);
      return [
        field,
        text === undefined ? undefined : (momentOf(text, now) ?? this.wrong(field, text, MOMENT_FORMS)),
      ] as const;
    });
    // The service checks the values, each of which it takes from anybody.
    return Object.fromEntries([...texts, ...moments].filter(([, value]) => value !== undefined)) as DeadLetterFilter;
  }

  /** Adds what is wrong, as a sentence without its full stop. @returns nothing, for use as the value that is missing */
  problem(text: string): undefined {
    this.problems.push(text);
    return undefined;
  }

  /** Adds the problems of another part. */
  include(other: RequestInput): void {
    this.problems.push(...other.problems);
  }

  /** @throws BadRequestException where something is wrong, with all of it */
  check(): void {
    if (this.problems.length > 0) throw badRequest(this.problems);
  }

  private wrong(name: string, value: unknown, expected: string): undefined {
    return this.problem(`${this.part} has ${name} ${describeValue(value)}, not ${expected}`);
  }
}

/** The answer to a request that cannot be understood, with each reason. */
export function badRequest(problems: readonly string[]): BadRequestException {
  return new BadRequestException({
    statusCode: 400,
    code: 'DISPATCH_INVALID_DEAD_LETTER_QUERY',
    message: 'The request is not understood.',
    problems,
  });
}
