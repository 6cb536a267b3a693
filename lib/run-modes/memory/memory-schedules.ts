import { errorText } from '../../common/dispatch-error.js';
import { DueTimer, now } from '../../common/due-timer.js';
import type { QueueSchedule, ScheduleState } from '../queue/queue-backend.port.js';
import { scheduleRhythm, type ScheduleRhythm } from '../schedule-rhythm.js';

interface Planned {
  readonly schedule: QueueSchedule;
  readonly rhythm: ScheduleRhythm;
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

  /** @throws DISPATCH_INVALID_SCHEDULE */
  async set(schedule: QueueSchedule): Promise<ScheduleState> {
    const rhythm = await scheduleRhythm(schedule);
    const nextAt = schedule.every === undefined ? rhythm(now(), now()) : now();
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
    const { id, every, cron, tz, entry } = schedule;
    const next = Number.isFinite(nextAt) ? new Date(nextAt) : undefined;
    return { id, every, cron, tz, queue: this.queue, name: entry.name, nextAt: next };
  }
}
