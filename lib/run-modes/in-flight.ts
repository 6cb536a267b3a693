import type { MessageContext } from '../message/message-context.js';

/** The handlers that are running: how many there are, and the contexts whose signal somebody reads. */
export class InFlight {
  private count = 0;
  private readonly abortable = new Set<MessageContext>();
  private waiting: (() => void)[] = [];
  private abortion: { readonly reason: unknown } | undefined;
  private readonly ending = new AbortController();

  /** How many handlers are running. */
  get size(): number {
    return this.count;
  }

  /** Aborts when handlers are told to stop, for waits between two attempts. */
  get ended(): AbortSignal {
    return this.ending.signal;
  }

  enter(): void {
    this.count += 1;
  }

  /** For `then`: one function for all handlers, since a closure for each message would cost more than this does. */
  readonly leaveWith = (result: unknown): unknown => {
    this.leave();
    return result;
  };

  /** The same for a failure, which goes on to the caller. */
  readonly leaveBy = (error: unknown): never => {
    this.leave();
    throw error;
  };

  leave(): void {
    this.count -= 1;
    if (this.count > 0 || this.waiting.length === 0) return;
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Keeps a context until its handler has settled, so that its signal can be aborted. */
  watch(context: MessageContext): void {
    if (this.abortion !== undefined) context.abort(this.abortion.reason);
    this.abortable.add(context);
    const forget = (): boolean => this.abortable.delete(context);
    context.settled?.then(forget, forget);
  }

  /** Resolves with true once no handler is running, or with false after the time given, whichever comes first. */
  async idle(timeoutMs: number): Promise<boolean> {
    if (this.count === 0) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  /** Aborts the signals of the handlers still running, also those that are first read later. */
  abortAll(reason: unknown): void {
    this.abortion = { reason };
    this.ending.abort(reason);
    for (const context of this.abortable) context.abort(reason);
    this.abortable.clear();
  }
}
