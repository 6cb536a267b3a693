import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { ClaimCheckStore } from './claim-check-store.port.js';

/** How often payloads are deleted whose time is over, in milliseconds. */
const EVERY_MS = 60_000;
/** How many are deleted with each call. */
const AT_ONCE = 100;

/** Has the store delete what nobody has removed, a bounded number at a time. */
export class ClaimSweep {
  private readonly logger = new Logger('Dispatch');
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(private readonly store: Pick<ClaimCheckStore, 'sweep'>) {}

  /** Begins. */
  start(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.running = this.run();
    }, EVERY_MS);
    this.timer.unref();
  }

  /** Begins no more; resolves when no call is under way. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      while (!this.isStopped && (await this.store.sweep(AT_ONCE)) >= AT_ONCE);
    } catch (error) {
      this.logger.warn(`Payloads whose time is over could not be deleted, and are tried again: ${errorText(error)}`);
    }
    this.start();
  }
}
