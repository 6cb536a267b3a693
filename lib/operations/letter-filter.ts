import { durationMs } from '../common/duration.js';
import type { DeadLetterFilter } from '../failures/dead-letters/dead-letter-filter.js';

/** The fields of a filter that are texts. */
export const TEXT_FIELDS = [
  'queue',
  'place',
  'label',
  'message',
  'handler',
  'error',
  'code',
  'text',
  'correlationId',
  'key',
  'cause',
  'tag',
] as const satisfies readonly (keyof DeadLetterFilter)[];

/** The fields of a filter that are moments. */
export const MOMENT_FIELDS = ['parkedAfter', 'parkedBefore'] as const satisfies readonly (keyof DeadLetterFilter)[];

/** How a moment is written, as the end of a sentence that says what is wrong. */
export const MOMENT_FORMS = 'a date such as 2026-01-31 or 2026-01-31T12:00:00Z, or a time ago such as 2h or 30d';

/** A date in ISO 8601; other texts are read by `Date` too, each machine in its own way. */
const ISO_DATE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** Reads a moment: a date in ISO 8601, or how long before `now` it was. @returns undefined for any other text */
export function momentOf(text: string, now: number): Date | undefined {
  const agoMs = durationMs(text);
  const date = agoMs === undefined ? new Date(ISO_DATE.test(text) ? text : '') : new Date(now - agoMs);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
