import { LinkedList } from '../../common/linked-list.js';
import type { EnqueueResult, QueueEntry } from '../queue/queue-backend.port.js';

/**
 * What happens to an entry that is enqueued while the queue is full. `wait`: the sender's promise waits for room.
 * `dropOldest` and `dropNewest`: the entry that has waited for longest, or for the shortest time, is removed for it.
 * `dropWrite`: the entry itself is dropped. `reject`: it is refused. A message that is dropped or refused ends with a
 * `QueueFullError`; nothing is dropped silently.
 *
 * @see BoundedChannelFullMode of .NET, https://learn.microsoft.com/dotnet/api/system.threading.channels.boundedchannelfullmode
 */
export type QueueFullMode = 'wait' | 'dropOldest' | 'dropNewest' | 'dropWrite' | 'reject';

/** An entry whose sender waits for room. */
interface Waiter {
  readonly entry: QueueEntry;
  readonly resolve: (result: EnqueueResult) => void;
}

/** The senders that wait until a full queue has room, the first first. */
export class RoomWaiters {
  private readonly waiters = new LinkedList<Waiter>();

  get size(): number {
    return this.waiters.size;
  }

  /** Waits for its turn. */
  add(entry: QueueEntry): Promise<EnqueueResult> {
    return new Promise((resolve) => {
      this.waiters.push({ entry, resolve });
    });
  }

  /** Lets senders in, in their order, as long as there is room. */
  admit(hasRoom: () => boolean, store: (entry: QueueEntry) => EnqueueResult): void {
    while (this.waiters.size > 0 && hasRoom()) {
      const waiter = this.waiters.shift();
      waiter?.resolve(store(waiter.entry));
    }
  }
}

/** What a sender is told whose entry was not stored. */
export function refused(error: Error): Promise<EnqueueResult> {
  return Promise.resolve({ status: 'refused', error });
}
