import type { IdempotencyStore } from './idempotency-store.port.js';

/** Whose lock it is, and who is told of it. */
export interface HeldLockOptions {
  readonly key: string;
  readonly token: string;
  readonly lockMs: number;
  /** Called once, where another one has taken the lock over. */
  readonly lost: () => void;
  /** Called each time the store cannot be reached. */
  readonly failed: (error: unknown) => void;
}

/** Renews a lock every third of its time until it is ended. */
export class HeldLock {
  private readonly timer: NodeJS.Timeout;
  private isEnded = false;

  constructor(
    private readonly store: IdempotencyStore,
    private readonly options: HeldLockOptions,
    /** All that are held: this one is among them until it is ended. */
    private readonly held: Set<HeldLock>,
  ) {
    held.add(this);
    this.timer = setInterval(() => this.renew(), options.lockMs / 3);
    this.timer.unref();
  }

  /** Renews no more; what a renewal under way finds is of no interest. */
  end(): void {
    this.isEnded = true;
    this.held.delete(this);
    clearInterval(this.timer);
  }

  private renew(): void {
    const { key, token, lockMs, lost, failed } = this.options;
    this.store.renew(key, token, lockMs).then((isHeld) => {
      if (isHeld || this.isEnded) return;
      this.end();
      lost();
    }, failed);
  }
}
