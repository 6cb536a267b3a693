import { getNextMillis, type JobSchedulerJson } from 'bullmq';

import { InvalidScheduleError, type QueueSchedule, type ScheduleState } from '../../index.js';
import { templateData } from './entries/entry-format.js';
import { entryIdOf, jobIdOf } from './entries/job-ids.js';
import type { StoreQueue } from './store.js';

/** Makes a schedule, or replaces the one of its id. @throws DISPATCH_INVALID_SCHEDULE before anything is stored */
export async function makeSchedule(queue: StoreQueue, schedule: QueueSchedule): Promise<ScheduleState> {
  const { id, everyMs, cron, entry } = schedule;
  // The workers count the next time, wherever they run: so the zone of this process is stored where none is named.
  const timeZone = cron === undefined ? undefined : (schedule.timeZone ?? localTimeZone());
  const repeat =
    everyMs === undefined ? { pattern: cron ?? '', ...(timeZone && { tz: timeZone }) } : { every: everyMs };
  checkSchedule(schedule);
  const priority = entry.priority - 1;
  await queue.upsertJobScheduler(jobIdOf(id), repeat, {
    name: entry.name,
    data: templateData(entry.data),
    opts: priority > 0 ? { priority } : {},
  });
  const stored = await queue.getJobScheduler(jobIdOf(id));
  return { id, queue: queue.name, name: entry.name, everyMs, cron, timeZone, nextAt: dateOf(stored?.next) };
}

/** The schedules of a queue. */
export async function listSchedules(queue: StoreQueue): Promise<ScheduleState[]> {
  const schedules = await queue.getJobSchedulers(0, -1, true);
  return schedules.map((schedule) => stateOf(queue.name, schedule));
}

function stateOf(queue: string, { key, name, every, pattern, tz, next }: JobSchedulerJson): ScheduleState {
  return { id: entryIdOf(key), queue, name, everyMs: every, cron: pattern, timeZone: tz, nextAt: dateOf(next) };
}

function checkSchedule({ id, everyMs, cron, timeZone }: QueueSchedule): void {
  if ((everyMs === undefined) === (cron === undefined)) {
    throw new InvalidScheduleError(id, 'exactly one of "everyMs" and "cron" must be given');
  }
  if (everyMs !== undefined) {
    if (Number.isInteger(everyMs) && everyMs >= 1) return;
    throw new InvalidScheduleError(id, `"everyMs" is ${everyMs}, not a whole number of milliseconds from 1`);
  }
  if (timeZone !== undefined) checkTimeZone(id, timeZone);
  const fields = cron?.trim().split(/\s+/) ?? [];
  if (fields.length !== 5 && fields.length !== 6) {
    throw new InvalidScheduleError(id, `the cron expression "${cron}" has ${fields.length} fields, not 5 or 6`);
  }
  const nextAtMs = nextOf(id, fields.join(' '));
  if (nextAtMs === undefined) throw new InvalidScheduleError(id, `the cron expression "${cron}" is never due`);
}

function nextOf(id: string, pattern: string): number | undefined {
  try {
    return getNextMillis(Date.now(), { pattern });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidScheduleError(id, `the cron expression "${pattern}" cannot be read (${reason})`, { cause });
  }
}

function checkTimeZone(id: string, timeZone: string): void {
  try {
    Intl.DateTimeFormat('en', { timeZone });
  } catch (cause) {
    throw new InvalidScheduleError(id, `"${timeZone}" is no time zone that this process knows`, { cause });
  }
}

function localTimeZone(): string {
  return new Intl.DateTimeFormat('en').resolvedOptions().timeZone;
}

function dateOf(atMs: number | undefined | null): Date | undefined {
  return typeof atMs === 'number' && Number.isFinite(atMs) ? new Date(atMs) : undefined;
}
