import type { ChannelListener } from '../connection/channel-listener.js';

/** The shortest time between two notifications of one process, in milliseconds. */
const PAUSE_MS = 25;

/**
 * Tells those who watch that there are new events: here at once, in other processes with a notification of its own, after the append. In
 * the append it would have every commit of the database that notifies wait for the one before; and many appends share one.
 */
export class EventAnnouncements {
  private readonly watchers = new Set<() => void>();
  private stopListening: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private telling: Promise<void> | undefined;
  private isDue = false;
  private isClosed = false;

  constructor(
    private readonly listener: ChannelListener,
    private readonly channel: string,
    /** Sends a notification. */
    private readonly notify: () => Promise<unknown>,
  ) {}

  /** Calls `wake` when there may be new events. @returns what ends that */
  watch(wake: () => void): () => void {
    // Wrapped, so that one function given twice is called, and removed, twice.
    const watcher = (): void => wake();
    this.watchers.add(watcher);
    this.stopListening ??= this.listener.listen(this.channel, () => this.wakeAll());
    return () => void this.watchers.delete(watcher);
  }

  /** There are new events, appended here. */
  tell(): void {
    this.wakeAll();
    this.isDue = true;
    if (this.timer === undefined && !this.isClosed) this.tellOthers();
  }

  /** Ends all of it; what is still to be told is told first. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    if (this.isDue) this.send();
    await this.telling;
    this.stopListening?.();
    await this.listener.close();
  }

  private tellOthers(): void {
    this.timer = undefined;
    if (!this.isDue) return;
    this.send();
    this.timer = setTimeout(() => this.tellOthers(), PAUSE_MS);
    this.timer.unref();
  }

  private send(): void {
    this.isDue = false;
    // Whoever is not told asks from time to time.
    this.telling = this.notify().then(
      () => undefined,
      () => undefined,
    );
  }

  private wakeAll(): void {
    for (const wake of this.watchers) wake();
  }
}
