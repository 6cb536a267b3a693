import { UNKNOWN_ENTRY, type EntrySnapshot, type ParkedEntry, type Settlement } from 'nestjs-dispatch';

import { MemoryKeyBlocks } from '../../../../lib/run-modes/sequenced/memory-key-blocks.js';
import { SequencedKeys, type SequencedBackend } from '../../../../lib/run-modes/sequenced/sequenced-keys.js';

/** Stands for the death of a process. */
class Killed extends Error {}

/** At which call to the store its process dies, from 1, and whether that is still carried out. */
export interface Death {
  readonly at: number;
  readonly isCarriedOut: boolean;
}

const ERROR = { name: 'Error', message: 'broken', code: undefined, stack: undefined };
const PARKED: Settlement = { action: 'park', place: 'failed', error: ERROR };
const HANDLED: Settlement = { action: 'complete', result: undefined };

/** A store with one lane, in which all entries have one key; whoever works on it dies when he is told to. */
export class Lane extends MemoryKeyBlocks implements SequencedBackend {
  readonly waiting: string[] = [];
  readonly parked: string[] = [];
  readonly handled: string[] = [];
  /** Those that fail. */
  readonly broken = new Set<string>();
  /** How many calls of deliveries there were. */
  calls = 0;
  /** What other processes look after the lane with. */
  readonly desk = new SequencedKeys(this);
  private readonly worker: SequencedKeys;
  private active: string | undefined;

  constructor(private readonly death?: Death) {
    super();
    this.worker = new SequencedKeys({
      keyBlock: (...call) => this.mortal(() => this.keyBlock(...call)),
      changeKeyBlock: (...call) => this.mortal(() => this.changeKeyBlock(...call)),
      read: (...call) => this.mortal(() => this.read(...call)),
      readParked: (...call) => this.mortal(() => this.readParked(...call)),
      replayParked: (queue, place, id) => this.mortal(() => this.replayParked(queue, place, id)),
    });
  }

  /** Delivers until nothing waits. */
  async work(): Promise<void> {
    for (let id = this.waiting.shift(); id !== undefined; id = this.waiting.shift()) {
      this.active = id;
      const settlement = await this.deliver(id).catch((error: unknown) => {
        if (error instanceof Killed) return undefined;
        throw error;
      });
      this.active = undefined;
      // What nobody has settled is handed out again, before all others.
      if (settlement === undefined) this.waiting.unshift(id);
      else if (settlement.action === 'park') this.parked.push(id);
    }
  }

  /** One delivery; `run` stands for its handler. */
  deliver(id: string, run: () => Promise<Settlement> = () => this.handle(id)): Promise<Settlement> {
    const delivery = { queue: 'q', key: 'k', place: 'q~0', name: 'm', id };
    return this.worker.settle(delivery, { settle: run, parkBehind: () => PARKED });
  }

  async handle(id: string): Promise<Settlement> {
    if (this.broken.has(id)) return PARKED;
    this.handled.push(id);
    return HANDLED;
  }

  async read(_place: string, id: string): Promise<EntrySnapshot> {
    if (this.active === id) return { ...UNKNOWN_ENTRY, state: 'active' };
    return this.waiting.includes(id) ? { ...UNKNOWN_ENTRY, state: 'waiting' } : UNKNOWN_ENTRY;
  }

  async readParked(_queue: string, _place: string, id: string): Promise<ParkedEntry | undefined> {
    const at = new Date(0);
    const entry = { id, name: 'm', data: null, key: 'k', attempt: 1, parkedAt: at, firstFailedAt: at };
    return this.parked.includes(id) ? { ...entry, place: 'failed', error: ERROR } : undefined;
  }

  async replayParked(_queue: string, _place: string, id: string): Promise<boolean> {
    if (!this.remove(id)) return false;
    this.waiting.push(id);
    return true;
  }

  /** Takes it away from what is parked. */
  remove(id: string): boolean {
    const index = this.parked.indexOf(id);
    if (index >= 0) this.parked.splice(index, 1);
    return index >= 0;
  }

  /** Replays what is said to be the head, as a person would do it. */
  async replay(id: string): Promise<void> {
    const ahead = await this.desk.ahead('q', 'k', id);
    if (ahead !== undefined) throw new Error(`${id} is behind ${ahead}`);
    await this.replayParked('q', 'failed', id);
  }

  private async mortal<T>(call: () => Promise<T>): Promise<T> {
    this.calls += 1;
    if (this.calls !== this.death?.at) return call();
    if (this.death.isCarriedOut) await call();
    throw new Killed();
  }
}
