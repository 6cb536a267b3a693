import type { JobSchedulerJson } from 'bullmq';

import { scheduleRhythm, type QueueSchedule, type ScheduleState } from '../../index.js';
import { templateData } from './entries/entry-format.js';
import { entryIdOf, jobIdOf } from './entries/job-ids.js';
import type { StoreQueue } from './store.js';

/** Makes a schedule, or replaces the one of its id. @throws DISPATCH_INVALID_SCHEDULE before anything is stored */
export async function makeSchedule(queue: StoreQueue, schedule: QueueSchedule): Promise<ScheduleState> {
  // BullMQ counts the times itself, in whichever process takes an entry.
  await scheduleRhythm(schedule);
  const { id, every, cron, tz, entry } = schedule;
  const repeat = every === undefined ? { pattern: cron ?? '', ...(tz !== undefined && { tz }) } : { every };
  const priority = entry.priority - 1;
  await queue.upsertJobScheduler(jobIdOf(id), repeat, {
    name: entry.name,
    data: templateData(entry.data),
    opts: priority > 0 ? { priority } : {},
  });
  const stored = await queue.getJobScheduler(jobIdOf(id));
  return { id, queue: queue.name, name: entry.name, every, cron, tz, nextAt: dateOf(stored?.next) };
}

/** The schedules of a queue. */
export async function listSchedules(queue: StoreQueue): Promise<ScheduleState[]> {
  const schedules = await queue.getJobSchedulers(0, -1, true);
  return schedules.map((schedule) => stateOf(queue.name, schedule));
}

function stateOf(queue: string, { key, name, every, pattern, tz, next }: JobSchedulerJson): ScheduleState {
  return { id: entryIdOf(key), queue, name, every, cron: pattern, tz, nextAt: dateOf(next) };
}

function dateOf(atMs: number | undefined | null): Date | undefined {
  return typeof atMs === 'number' && Number.isFinite(atMs) ? new Date(atMs) : undefined;
}
