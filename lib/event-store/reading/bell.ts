/** Wakes one who waits for something to happen. A ring is not lost where nobody waits yet. */
export class Bell {
  private isRung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.isRung = true;
    this.wake?.();
  }

  /** Forgets a ring. */
  quiet(): void {
    this.isRung = false;
  }

  /** Resolves at the ring, after so many milliseconds, or as soon as the signal aborts. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.isRung || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(finish, timeoutMs);
      signal.addEventListener('abort', finish);
      this.wake = finish;
    });
  }
}
