import { durationMs } from '../../common/duration.js';
import { momentOf, MOMENT_FORMS } from '../../operations/letter-filter.js';

/** One flag of a command. */
export interface Flag {
  /** What its value is, as help shows it: `'<name>'`. A flag without one is said or not. */
  readonly value?: string;
  /** Whether it may be given several times. */
  readonly isList?: boolean;
  readonly help: string;
}

/** Flags by their name without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

/** The bounds of a number, both allowed. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** The flags of one command line. Reading one that is wrong adds a problem and gives nothing. */
export class GivenFlags {
  /** What is wrong, as whole sentences. */
  readonly problems: string[] = [];

  constructor(private readonly values: ReadonlyMap<string, readonly string[]>) {}

  /** Whether the flag was given. */
  has(name: string): boolean {
    return this.values.has(name);
  }

  /** The last value given. */
  text(name: string): string | undefined {
    return this.values.get(name)?.at(-1);
  }

  /** All values given. */
  list(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }

  /** A number in its bounds. */
  number(name: string, { min, max }: Bounds): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    return this.problem(`--${name} is ${JSON.stringify(text)}, not a number from ${min} to ${max}.`);
  }

  /** A whole number in its bounds. */
  count(name: string, bounds: Bounds): number | undefined {
    const number = this.number(name, bounds);
    if (number === undefined || Number.isInteger(number)) return number;
    return this.problem(`--${name} is ${number}, not a whole number.`);
  }

  /** A length of time such as `30d`, in milliseconds. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const ms = durationMs(text);
    return (
      ms ?? this.problem(`--${name} is ${JSON.stringify(text)}, not a length of time such as 90s, 10m, 12h or 30d.`)
    );
  }

  /** A moment: a date in ISO 8601, or how long ago it was. */
  moment(name: string, now: number): Date | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const moment = momentOf(text, now);
    return moment ?? this.problem(`--${name} is ${JSON.stringify(text)}, not ${MOMENT_FORMS}.`);
  }

  /** Adds a problem. @returns nothing, for use as the value that is missing */
  problem(text: string): undefined {
    this.problems.push(text);
    return undefined;
  }
}
