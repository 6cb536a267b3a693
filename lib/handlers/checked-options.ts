import { describeValue, isOptionsObject } from '../common/describe-value.js';
import type { WiringMistake } from './errors.js';

/** Says for each option what is wrong with a value it was given, as `which is 7, not a string`; undefined if nothing is. */
export type OptionChecks<O extends object> = Readonly<Record<keyof O, (value: unknown) => string | undefined>>;

/** Options, those with a wrong value left out. */
export interface CheckedOptions<O extends object> {
  readonly options: O;
  readonly mistakes: WiringMistake[];
}

/** Whose options they are, for the texts. */
export interface OptionsOwner {
  /** The subject of a sentence: `PlaceOrderHandler (OrdersModule)`. */
  readonly label: string;
  /** The decorator whose options they are, such as `@CommandHandler`; none for those of the module. */
  readonly decorator?: string;
}

/** Looks the options of a decorator over: the types refuse wrong ones, but a program without types or with `as` has them. */
export function checkOptions<O extends object>(
  { label, decorator }: OptionsOwner,
  options: unknown,
  checks: OptionChecks<O>,
): CheckedOptions<Partial<O>> {
  const owner = decorator === undefined ? label : `${decorator} of ${label}`;
  if (!isOptionsObject(options)) {
    return {
      options: {},
      mistakes: [mistake(`${owner} has ${describeValue(options)} as its options: give an object.`)],
    };
  }
  const mistakes: WiringMistake[] = [];
  const sound: Partial<O> = {};
  for (const [name, value] of Object.entries(options)) {
    const problem = Object.hasOwn(checks, name)
      ? problemOf(checks[name as keyof O], value)
      : `which is unknown: the options are ${Object.keys(checks).join(', ')}`;
    // What gets in is a known option with a value that it can have.
    if (problem === undefined) Object.assign(sound, { [name]: value });
    else mistakes.push(mistake(`${owner} has the option "${name}", ${problem}.`));
  }
  return { options: sound, mistakes };
}

function problemOf(check: (value: unknown) => string | undefined, value: unknown): string | undefined {
  return value === undefined ? undefined : check(value);
}

function mistake(text: string): WiringMistake {
  return { rule: 'invalid-options', text };
}
