import type { DeadLetterFilter } from '../../failures/dead-letters/dead-letter-filter.js';
import { MOMENT_FIELDS, TEXT_FIELDS } from '../../operations/letter-filter.js';
import type { Flags, GivenFlags } from '../input/flags.js';

/** The flags that choose dead letters; several narrow the choice down. */
export const FILTER_FLAGS = {
  queue: { value: '<name>', help: 'parked from this queue' },
  place: { value: '<place>', help: 'in this place: failed, unreadable, unhandled or invalid' },
  label: { value: '<name>', help: 'parked under this name by a failure policy' },
  message: { value: '<name>', help: "of this message, or of those a pattern names, such as 'orders.*'" },
  handler: { value: '<name>', help: 'given up by this handler' },
  error: { value: '<class>', help: 'because of an error of this class' },
  code: { value: '<code>', help: 'because of an error with this code' },
  text: { value: '<text>', help: 'with this text in the message of the error' },
  'correlation-id': { value: '<id>', help: 'of this correlation' },
  key: { value: '<key>', help: 'of this message key' },
  cause: { value: '<cause>', help: 'of this group, as groups shows it' },
  tag: { value: '<tag>', help: 'with this tag' },
  after: { value: '<when>', help: 'parked since then: a date in ISO 8601, or a time ago such as 2h' },
  before: { value: '<when>', help: 'parked before then' },
} satisfies Flags;

type FilterFlag = keyof typeof FILTER_FLAGS;

const FLAG_OF: Readonly<Record<keyof DeadLetterFilter, FilterFlag>> = {
  queue: 'queue',
  place: 'place',
  label: 'label',
  message: 'message',
  handler: 'handler',
  error: 'error',
  code: 'code',
  text: 'text',
  correlationId: 'correlation-id',
  key: 'key',
  cause: 'cause',
  tag: 'tag',
  parkedAfter: 'after',
  parkedBefore: 'before',
};

/** Reads the filter; undefined where no flag of it is given. What is wrong is added to the problems of the flags. */
export function filterOf(flags: GivenFlags): DeadLetterFilter | undefined {
  if (!Object.keys(FILTER_FLAGS).some((name) => flags.has(name))) return undefined;
  const now = Date.now();
  const texts = TEXT_FIELDS.map((field) => [field, flags.text(FLAG_OF[field])] as const);
  const moments = MOMENT_FIELDS.map((field) => [field, flags.moment(FLAG_OF[field], now)] as const);
  // The service checks the values, each of which it takes from anybody.
  return Object.fromEntries([...texts, ...moments].filter(([, value]) => value !== undefined)) as DeadLetterFilter;
}
