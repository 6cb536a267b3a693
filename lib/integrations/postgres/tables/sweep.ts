import { setTimeout as delay } from 'node:timers/promises';

import { PostgresUnavailableError } from '../errors.js';

/** How many rows one statement deletes: few enough that others wait for none of them. */
export const SWEPT_AT_ONCE = 500;
/** The pause between two statements while there is more, in milliseconds. */
const PAUSE_MS = 20;

/** Deletes what is over from time to time, a bounded number of rows with each statement, until it is stopped. */
export class Sweep {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isStopped = false;
  private isWarned = false;

  constructor(
    private readonly everyMs: number,
    /** Deletes up to {@link SWEPT_AT_ONCE} rows. @returns how many it has deleted */
    private readonly deleteSome: () => Promise<number>,
  ) {}

  /** Begins, where it has not begun. */
  start(): void {
    if (this.timer !== undefined || this.isStopped) return;
    this.timer = setTimeout(() => {
      this.running = this.run();
    }, this.everyMs);
    this.timer.unref();
  }

  /** Deletes nothing more; resolves when no statement is under way. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      for (let count = SWEPT_AT_ONCE; count === SWEPT_AT_ONCE && !this.isStopped; await delay(PAUSE_MS)) {
        count = await this.deleteSome();
      }
    } catch (error) {
      this.complain(error);
    }
    this.timer = undefined;
    this.start();
  }

  /** A server that is away is told to whoever needs it; that rows may not be deleted would be seen by nobody. */
  private complain(error: unknown): void {
    if (error instanceof PostgresUnavailableError || this.isWarned) return;
    this.isWarned = true;
    process.emitWarning(`Rows whose time is over cannot be deleted: ${String(error)}`, {
      code: 'DISPATCH_POSTGRES_SWEEP',
    });
  }
}
