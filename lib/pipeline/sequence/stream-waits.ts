/** Who waits in this process for something to happen to a stream. */
export class StreamWaits {
  private readonly waiting = new Map<string, Set<() => void>>();

  /** How many wait. */
  count(stream: string): number {
    return this.waiting.get(stream)?.size ?? 0;
  }

  /** Resolves when something happens to the stream, after `ms` milliseconds, or when the signal aborts. */
  wait(stream: string, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.waiting.get(stream) ?? new Set();
      this.waiting.set(stream, waiting);
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        waiting.delete(finish);
        if (waiting.size === 0 && this.waiting.get(stream) === waiting) this.waiting.delete(stream);
        resolve();
      };
      const timer = setTimeout(finish, ms);
      signal.addEventListener('abort', finish);
      waiting.add(finish);
    });
  }

  /** Tells all who wait for a stream. */
  wake(stream: string): void {
    for (const finish of this.waiting.get(stream) ?? []) finish();
  }
}
