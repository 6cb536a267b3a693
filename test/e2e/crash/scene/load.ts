import { setTimeout as delay } from 'node:timers/promises';

import { isDispatchError, type Dispatcher, type Receipt } from '../../../../lib/index.js';
import { Apply, type Act, type Applied } from './messages.js';

/** How long a sender of a steady load waits between two messages. */
const PACE_MS = 40;
const FREE_SENDERS = 6;
const ASKING_SENDERS = 2;
/** What handlers do under a steady load. */
const FREE: Act = { kind: 'work', ms: 50 };
const KEYED: Act = { kind: 'work', ms: 5 };
/** How long a sender waits before it tries again what failed at once. */
const RETRY_MS = 20;

/** Sends the messages of a scene, and remembers which ones the store has acknowledged. */
export class Load {
  readonly acknowledged = new Set<string>();
  private isEnding = false;
  private sending: Promise<unknown> = Promise.resolve();
  private readonly sequences = new Map<string, number>();

  constructor(private readonly dispatcher: Dispatcher) {}

  /** Sends one message; it is acknowledged when this resolves. The ones of a key are to be sent one after the other. */
  async one(act: Act, key?: string): Promise<Receipt<Applied>> {
    const { id, sequence } = this.next(key ?? 'free');
    const options = key === undefined ? { id } : { id, key };
    const receipt = await this.surely(() => this.dispatcher.send(new Apply(sequence, act), options));
    this.acknowledged.add(id);
    return receipt;
  }

  /** Sends messages without a key, all at once. */
  async free(count: number, act: Act): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.one(act)));
  }

  /** Sends messages of several keys, side by side, those of one key one after the other. */
  async keyed(keys: readonly string[], countPerKey: number, act: Act): Promise<void> {
    await Promise.all(
      keys.map(async (key) => {
        for (let sent = 0; sent < countPerKey; sent += 1) await this.one(act, key);
      }),
    );
  }

  /** Begins to send messages with these keys and without one, some of which are waited for, until it is ended. */
  begin(keys: readonly string[]): void {
    const free = (): Promise<unknown> => this.one(FREE);
    const senders = [
      ...Array.from({ length: FREE_SENDERS }, () => free),
      ...Array.from({ length: ASKING_SENDERS }, () => () => this.answered(FREE)),
      ...keys.map((key) => () => this.one(KEYED, key)),
    ];
    this.sending = Promise.all(
      senders.map(async (send) => {
        for (; !this.isEnding; await delay(PACE_MS)) await send();
      }),
    );
    // Told by `end`; a test that fails before it has another failure to tell of.
    this.sending.catch(() => undefined);
  }

  /** Ends the steady load. Rejects where a message could not be sent, or was not answered. */
  async end(): Promise<void> {
    this.isEnding = true;
    await this.sending;
  }

  private async answered(act: Act): Promise<void> {
    const { id, sequence } = this.next('asked');
    await this.surely(() => this.dispatcher.execute(new Apply(sequence, act), { id }));
    this.acknowledged.add(id);
  }

  private next(of: string): { readonly id: string; readonly sequence: number } {
    const sequence = (this.sequences.get(of) ?? 0) + 1;
    this.sequences.set(of, sequence);
    return { id: `${of}-${sequence}`, sequence };
  }

  /** Sends again, with the same id, until the store says that it has the message. */
  private async surely<T>(send: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        if (!isDispatchError(error, 'DISPATCH_QUEUE_UNAVAILABLE')) throw error;
        await delay(RETRY_MS);
      }
    }
  }
}
