import { errorText } from '../../common/dispatch-error.js';
import { DueTimer, now } from '../../common/due-timer.js';
import { InvalidScheduleError } from '../queue/errors.js';
import type { QueueSchedule, ScheduleState } from '../queue/queue-backend.port.js';

/** The next time after `time` of what was due last at `dueAt`, in milliseconds. */
type Rhythm = (time: number, dueAt: number) => number;

interface Planned {
  readonly schedule: QueueSchedule;
  readonly rhythm: Rhythm;
  nextAt: number;
  /** True while an entry of it waits to be taken: then no further one is made. */
  isPending: () => boolean;
}

/** What schedules ask of their queue. */
export interface SchedulesHost {
  /** Makes an entry of a schedule. @returns what tells whether that entry still waits */
  make(schedule: QueueSchedule): () => boolean;
  /** A schedule could be read once and cannot be read any more; it rests. */
  broke(error: Error): void;
}

/**
 * The schedules of one queue. A schedule whose last entry still waits makes no other one when it is due, so that a queue
 * that stands still does not fill up with them.
 */
export class MemorySchedules {
  private readonly planned = new Map<string, Planned>();
  private readonly timer = new DueTimer(() => this.fire());
  private isClosed = false;

  constructor(
    private readonly queue: string,
    private readonly host: SchedulesHost,
  ) {}

  /** @throws DISPATCH_INVALID_SCHEDULE where the cron expression or the time zone cannot be read */
  async set(schedule: QueueSchedule): Promise<ScheduleState> {
    const rhythm = await rhythmOf(schedule);
    const nextAt = schedule.everyMs === undefined ? rhythm(now(), now()) : now();
    const planned: Planned = { schedule, rhythm, nextAt, isPending: () => false };
    if (!this.isClosed) this.planned.set(schedule.id, planned);
    this.arm();
    return this.stateOf(planned);
  }

  list(): readonly ScheduleState[] {
    return [...this.planned.values()].map((planned) => this.stateOf(planned));
  }

  delete(id: string): boolean {
    const isThere = this.planned.delete(id);
    this.arm();
    return isThere;
  }

  close(): void {
    this.isClosed = true;
    this.planned.clear();
    this.timer.clear();
  }

  private fire(): void {
    const time = now();
    for (const planned of this.planned.values()) {
      if (planned.nextAt > time) continue;
      planned.nextAt = this.nextAfter(planned, time);
      if (!planned.isPending()) planned.isPending = this.host.make(planned.schedule);
    }
    this.arm();
  }

  /** Runs in a timer, where an error would end the process. */
  private nextAfter({ rhythm, nextAt }: Planned, time: number): number {
    try {
      return rhythm(time, nextAt);
    } catch (error) {
      this.host.broke(error instanceof Error ? error : new Error(errorText(error)));
      return Number.POSITIVE_INFINITY;
    }
  }

  private arm(): void {
    let next: number | undefined;
    for (const { nextAt } of this.planned.values()) next = Math.min(next ?? nextAt, nextAt);
    this.timer.set(next);
  }

  private stateOf({ schedule, nextAt }: Planned): ScheduleState {
    const { id, everyMs, cron, timeZone, entry } = schedule;
    const next = Number.isFinite(nextAt) ? new Date(nextAt) : undefined;
    return { id, everyMs, cron, timeZone, queue: this.queue, name: entry.name, nextAt: next };
  }
}

/**
 * Tells when a schedule is due next. One by interval keeps its rhythm from the time it was due last.
 *
 * @throws DISPATCH_INVALID_SCHEDULE
 */
async function rhythmOf({ id, everyMs, cron = '', timeZone }: QueueSchedule): Promise<Rhythm> {
  if (everyMs !== undefined) {
    if (!(everyMs >= 1 && Number.isFinite(everyMs))) {
      throw new InvalidScheduleError(id, `its interval is ${everyMs} ms, not 1 ms or more`);
    }
    return (time, dueAt) => dueAt + everyMs * Math.max(1, Math.ceil((time + 1 - dueAt) / everyMs));
  }
  const fieldCount = cron.trim() === '' ? 0 : cron.trim().split(/\s+/).length;
  if (fieldCount !== 5 && fieldCount !== 6) {
    throw new InvalidScheduleError(id, `the cron expression "${cron}" has ${fieldCount} fields, not 5 or 6`);
  }
  // Loaded when the first one comes, since it brings a calendar library that few applications need.
  const { CronExpressionParser } = await import('cron-parser');
  const zone = timeZone === undefined ? {} : { tz: timeZone };
  const rhythm: Rhythm = (time) => {
    const expression = CronExpressionParser.parse(cron, { currentDate: new Date(time), ...zone });
    return expression.next().getTime();
  };
  try {
    rhythm(now(), now());
  } catch (error) {
    const where = timeZone === undefined ? '' : ` in the time zone "${timeZone}"`;
    throw new InvalidScheduleError(id, `the cron expression "${cron}"${where} cannot be read: ${errorText(error)}`, {
      cause: error,
    });
  }
  return rhythm;
}
