import type { EntryOutcome, QueueBackend } from '../queue/queue-backend.port.js';

/** When a caller that waits first looks for itself, in milliseconds; the wait doubles each time, up to the longest. */
const FIRST_LOOK_MS = 2000;
const LONGEST_WAIT_MS = 30_000;

/** A caller that waits for the end of an entry. */
export interface ReplyListener {
  /** Where the entry is; undefined until it is stored. */
  place(): string | undefined;
  /** Whether the entry is in that place, or will be once it is stored: another one with its id may be in another. */
  isAt(place: string): boolean;
  /** May be called more than once: the first end counts. */
  ended(end: ReplyEnd): void;
}

interface Waiter {
  readonly listener: ReplyListener;
  lookAtMs: number;
  waitMs: number;
  wasUnknown: boolean;
}

/**
 * How an entry ended. `unknown`: the queue says twice that it knows nothing of the entry. `closed`: this instance has
 * shut down meanwhile. `late`: the caller has waited as long as it will.
 */
export type ReplyEnd = EntryOutcome | 'unknown' | 'closed' | 'late';

/**
 * The callers of this instance that wait for replies. The backend tells of each end it is asked to tell; a reply that
 * was lost, with the process that was to send it or with a connection, is found by reading the entry again: first after
 * 2 s, then at doubling intervals up to 30 s. Only what waits long is read, so it costs nothing while replies arrive.
 */
export class ReplyWaiters {
  private readonly waiting = new Map<string, Set<Waiter>>();
  private timer: NodeJS.Timeout | undefined;
  private whenIdle: (() => void) | undefined;

  constructor(private readonly backend: Pick<QueueBackend, 'read'>) {}

  /** Waits for the end of an entry, which need not be stored yet. @returns what is to be called when nobody waits any longer */
  wait(id: string, listener: ReplyListener): () => void {
    const lookAtMs = Date.now() + FIRST_LOOK_MS;
    const waiter: Waiter = { listener, lookAtMs, waitMs: FIRST_LOOK_MS, wasUnknown: false };
    const others = this.waiting.get(id);
    if (others === undefined) this.waiting.set(id, new Set([waiter]));
    else others.add(waiter);
    this.timer ??= setInterval(() => void this.lookForLost(), FIRST_LOOK_MS / 2).unref();
    return () => this.forget(id, waiter);
  }

  /** Ends the wait for an entry, wherever it is where no place is given; a reply that nobody waits for is nobody's. */
  settle(id: string, outcome: EntryOutcome, place?: string): void {
    for (const { listener } of this.waiting.get(id) ?? []) {
      if (place === undefined || listener.isAt(place)) listener.ended(outcome);
    }
  }

  /** Resolves when nobody waits any more, or after the time given. */
  async idle(timeoutMs: number): Promise<void> {
    if (this.waiting.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.whenIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.whenIdle = undefined;
  }

  /** Tells everybody who still waits that this instance shuts down. */
  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    const all = [...this.waiting.values()].flatMap((waiters) => [...waiters]);
    this.waiting.clear();
    for (const { listener } of all) listener.ended('closed');
  }

  private forget(id: string, waiter: Waiter): void {
    const waiters = this.waiting.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.waiting.delete(id);
    if (this.waiting.size === 0) this.whenIdle?.();
  }

  private async lookForLost(): Promise<void> {
    if (this.waiting.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
    const nowMs = Date.now();
    const overdue = [...this.waiting].flatMap(([id, waiters]) =>
      [...waiters].filter(({ lookAtMs }) => lookAtMs <= nowMs).map((waiter) => ({ id, waiter })),
    );
    await Promise.all(overdue.map(({ id, waiter }) => this.look(id, waiter)));
  }

  private async look(id: string, waiter: Waiter): Promise<void> {
    const place = waiter.listener.place();
    if (place === undefined) return;
    waiter.waitMs = Math.min(waiter.waitMs * 2, LONGEST_WAIT_MS);
    waiter.lookAtMs = Date.now() + waiter.waitMs;
    try {
      const { state, outcome } = await this.backend.read(place, id);
      if (outcome !== undefined) waiter.listener.ended(outcome);
      else if (state === 'unknown' && waiter.wasUnknown) waiter.listener.ended('unknown');
      waiter.wasUnknown = state === 'unknown';
    } catch {
      // The store does not answer, which the backend reports; the next look comes by itself, and the caller's limit holds.
    }
  }
}
