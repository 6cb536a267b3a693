import { delay } from '../../common/promises.js';
import type { ClaimReference } from '../queue/entry-data.js';
import type { EntryState, QueueBackend } from '../queue/queue-backend.port.js';
import type { ClaimCheckStore } from './claim-check-store.port.js';

/** How long before a queue is asked how a message ended, in milliseconds: the first time; twice as long each further time. */
const FIRST_PAUSE_MS = 100;
/** How often it is asked; then the payload is left to its time limit. */
const MAX_LOOKS = 9;
/** How many payloads wait for their removal at most; more are left to their time limits. */
const MAX_WAITING = 1000;

/** How this process has ended a delivery. */
interface EndedDelivery {
  readonly place: string;
  readonly entryId: string;
  readonly action: 'complete' | 'discard';
}

/**
 * Removes payloads, never too early: a worker's word that a message is handled is not yet in the store of the queue when
 * it is given, and a message whose word is lost comes again and needs its payload. So the queue is asked first.
 */
export class ClaimRemovals {
  private readonly waiting = new Set<Promise<void>>();
  private readonly closing = new AbortController();

  constructor(
    private readonly store: Pick<ClaimCheckStore, 'remove'>,
    private readonly backend: Pick<QueueBackend, 'read'>,
  ) {}

  /** Removes the payload of a message that will not be delivered. */
  now({ id }: ClaimReference): void {
    this.track(this.remove(id).then(() => undefined));
  }

  /** Removes the payload of a message once its queue has it as done with. */
  onceDone(claim: ClaimReference, ended: EndedDelivery): void {
    if (this.waiting.size < MAX_WAITING) this.track(this.whenDone(claim, ended));
  }

  /** Looks once more at all that wait, and resolves when none does. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all(this.waiting);
  }

  private track(removal: Promise<void>): void {
    const tracked = removal.finally(() => this.waiting.delete(tracked));
    this.waiting.add(tracked);
  }

  private async whenDone({ id }: ClaimReference, ended: EndedDelivery): Promise<void> {
    const { signal } = this.closing;
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      await delay(FIRST_PAUSE_MS * 2 ** look, signal);
      if (await this.isDone(ended)) {
        if (await this.remove(id)) return;
      }
      if (signal.aborted) return;
    }
  }

  private async isDone({ place, entryId, action }: EndedDelivery): Promise<boolean> {
    // What is parked as failed by somebody else, who took over, may be replayed; what is dropped on purpose looks the same.
    const done: readonly EntryState[] =
      action === 'discard' ? ['completed', 'failed', 'unknown'] : ['completed', 'unknown'];
    try {
      return done.includes((await this.backend.read(place, entryId)).state);
    } catch {
      return false;
    }
  }

  /** Whether it is gone; a store that is away is asked again, and in the end has a time limit. */
  private remove(id: string): Promise<boolean> {
    return this.store.remove(id).then(
      () => true,
      () => false,
    );
  }
}
