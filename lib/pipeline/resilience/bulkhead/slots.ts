import { LinkedList } from '../../../common/linked-list.js';

/** How somebody asks for a slot. */
export interface SlotRequest {
  /** Ends the wait. Asked for only where there is one. */
  readonly signal: () => AbortSignal;
  /** Whether it waits however many do, and until {@link Slots.stop} at the longest; otherwise only where there is room to wait. */
  readonly isPatient: boolean;
}

/** `entered`: the slot is to be given back with {@link Slots.leave}. The others have none. */
export type SlotAnswer = 'entered' | 'full' | 'aborted' | 'stopped';

interface Waiting {
  readonly isPatient: boolean;
  readonly answer: (answer: SlotAnswer) => void;
}

/** A number of slots, and those who wait for one, in the order they came. */
export class Slots {
  private taken = 0;
  private isStopped = false;
  private impatientCount = 0;
  private readonly waiting = new LinkedList<Waiting>();

  constructor(
    private readonly limit: number,
    private readonly queueLimit: number,
  ) {}

  enter({ signal, isPatient }: SlotRequest): SlotAnswer | Promise<SlotAnswer> {
    if (this.taken < this.limit) {
      this.taken += 1;
      return 'entered';
    }
    if (isPatient && this.isStopped) return 'stopped';
    if (!isPatient && this.impatientCount >= this.queueLimit) return 'full';
    return this.wait(signal(), isPatient);
  }

  /** Gives a slot to the next who waits. */
  leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.taken -= 1;
    else next.answer('entered');
  }

  /** Sends those away who wait without a limit. */
  stop(): void {
    this.isStopped = true;
    for (const { isPatient, answer } of [...this.waiting]) if (isPatient) answer('stopped');
  }

  private wait(signal: AbortSignal, isPatient: boolean): Promise<SlotAnswer> {
    if (signal.aborted) return Promise.resolve('aborted');
    if (!isPatient) this.impatientCount += 1;
    return new Promise((resolve) => {
      const answer = (given: SlotAnswer): void => {
        this.waiting.remove(link);
        signal.removeEventListener('abort', abort);
        if (!isPatient) this.impatientCount -= 1;
        resolve(given);
      };
      const abort = (): void => answer('aborted');
      const link = this.waiting.push({ isPatient, answer });
      signal.addEventListener('abort', abort);
    });
  }
}
