/** Has a worker wait for its next job: until it is told of one, one is due, or the time is over. One wait at a time. */
export class JobAlarm {
  private current: (() => void) | undefined;

  constructor(
    /** Asks when the next job is due, in milliseconds since 1970: 0 for now, undefined where there is none. */
    private readonly nextAt: () => Promise<number | undefined>,
  ) {}

  /** Whether there may be a job; false after `ms` milliseconds. Asks once, then waits to be told. Rejects where asking fails. */
  wait(ms: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      let timer: NodeJS.Timeout | undefined;
      const end = (settle: () => void): void => {
        // An answer may come long after the wait was ended, in the midst of the next one.
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        this.current = undefined;
        settle();
      };
      const ring = (): void => end(() => resolve(true));
      const endIn = (delayMs: number): void => {
        clearTimeout(timer);
        timer = setTimeout(() => end(() => resolve(false)), delayMs);
      };
      this.current = ring;
      endIn(ms);
      this.nextAt().then(
        (nextAt) => {
          if (isOver || nextAt === undefined) return;
          const inMs = nextAt - Date.now();
          if (inMs <= 0) ring();
          else if (inMs < ms) endIn(inMs);
        },
        (error: unknown) => end(() => reject(error)),
      );
    });
  }

  /** Ends the wait, if there is one: there may be a job. */
  ring(): void {
    this.current?.();
  }
}
