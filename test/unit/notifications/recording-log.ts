import type { NotificationLog } from '../../../lib/notifications/observer-queue.js';

/** Keeps the lines of a log. */
export class RecordingLog implements NotificationLog {
  readonly warnings: string[] = [];
  readonly errors: string[] = [];

  warn(message: string): void {
    this.warnings.push(message);
  }

  error(message: string): void {
    this.errors.push(message);
  }
}
