import type { EndedEntry, InstanceMessage, Store } from './store.js';

/** Sends the ends of entries to the instances that wait for them: one round trip for all that end in one turn. */
export class Replies {
  private readonly pending = new Map<string, InstanceMessage[]>();
  private flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: Pick<Store, 'tell'>,
    private readonly report: (error: unknown) => void,
  ) {}

  /** Sends it soon, but after what was sent to the store in this turn. Failures are reported: the end can be read too. */
  send(instanceId: string, ended: EndedEntry): void {
    const messages = this.pending.get(instanceId);
    if (messages !== undefined) {
      messages.push({ type: 'reply', ...ended });
      return;
    }
    this.pending.set(instanceId, [{ type: 'reply', ...ended }]);
    if (this.pending.size > 1) return;
    const sent = new Promise<void>((resolve) => {
      setImmediate(() => resolve(this.flush()));
    });
    this.flushing = Promise.all([this.flushing, sent]).then(() => undefined);
  }

  /** Resolves when everything is sent, or reported, or the time is over: then it is found by reading how the entry stands. */
  async flushed(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.flushing, late]);
    clearTimeout(timer);
  }

  private async flush(): Promise<void> {
    const batches = [...this.pending];
    this.pending.clear();
    await Promise.all(
      batches.map(([instanceId, messages]) =>
        this.store.tell(instanceId, messages).catch((error: unknown) => this.report(error)),
      ),
    );
  }
}
