import { AsyncResource } from 'node:async_hooks';

/** How long drops are gathered before they are reported, in milliseconds from the first of them. */
export const DROP_REPORT_DELAY_MS = 1000;

/**
 * Gathers single drops into one report per burst. A burst is what is dropped within a second of its first drop, so
 * drops that do not end are reported once a second.
 */
export class DropReport {
  private unreportedCount = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly due: () => void;

  constructor(private readonly report: (count: number) => void) {
    // The report must not run in the async context of whoever happened to publish the first notification too many.
    this.due = AsyncResource.bind(() => this.reportNow());
  }

  /** Counts one drop. */
  add(): void {
    this.unreportedCount += 1;
    this.timer ??= setTimeout(this.due, DROP_REPORT_DELAY_MS).unref();
  }

  /** Reports what was counted since the last report, if anything was. */
  reportNow(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const count = this.unreportedCount;
    this.unreportedCount = 0;
    if (count > 0) this.report(count);
  }
}
