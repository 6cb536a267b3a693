import { describeValue } from '../common/describe-value.js';
import { errorText } from '../common/dispatch-error.js';
import { now } from '../common/due-timer.js';
import { InvalidScheduleError } from './queue/errors.js';
import type { QueueSchedule } from './queue/queue-backend.port.js';

/** The next time after `time` of what was due last at `dueAt`, all in milliseconds since the epoch. */
export type ScheduleRhythm = (time: number, dueAt: number) => number;

/**
 * Reads when a schedule is due, for backends: one by interval keeps its rhythm from the time it was due last.
 *
 * @throws DISPATCH_INVALID_SCHEDULE where it says that in no way that can be kept
 */
export async function scheduleRhythm({ id, every, cron, tz }: QueueSchedule): Promise<ScheduleRhythm> {
  const refuse = (problem: string, cause?: unknown) => new InvalidScheduleError(id, problem, { cause });
  if ((every === undefined) === (cron === undefined)) throw refuse('give one of "every" and "cron"');
  if (every !== undefined) {
    if (!Number.isInteger(every) || every < 1) {
      throw refuse(`"every" is ${describeValue(every)}, not a whole number of milliseconds from 1`);
    }
    return (time, dueAt) => dueAt + every * Math.max(1, Math.ceil((time + 1 - dueAt) / every));
  }
  const shown = `the cron expression ${describeValue(cron)}`;
  const pattern = String(cron);
  const fieldCount = pattern.split(/\s+/).filter((field) => field !== '').length;
  if (fieldCount !== 5 && fieldCount !== 6) throw refuse(`${shown} has ${fieldCount} fields, not 5 or 6`);
  if (tz !== undefined && !isTimeZone(tz)) {
    throw refuse(`"tz" is ${describeValue(tz)}, which is no time zone: give an IANA name such as 'Europe/Berlin'`);
  }
  // Loaded when the first one comes, since it brings a calendar library that few applications need.
  const { CronExpressionParser } = await import('cron-parser');
  const zone = tz === undefined ? {} : { tz };
  const rhythm: ScheduleRhythm = (time) => {
    const expression = CronExpressionParser.parse(pattern, { currentDate: new Date(time), ...zone });
    return expression.next().getTime();
  };
  try {
    rhythm(now(), now());
  } catch (error) {
    throw refuse(`${shown} cannot be read: ${errorText(error)}`, error);
  }
  return rhythm;
}

function isTimeZone(name: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
