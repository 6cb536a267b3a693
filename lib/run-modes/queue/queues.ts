import { PARKING_PLACES } from './parked-entries.port.js';
import { describeValue } from '../../common/describe-value.js';
import { delay } from '../../common/promises.js';
import { InvalidQueueOptionsError } from './errors.js';
import type { ParkedEntry, ParkingPlace, QueueBackend, QueueCounts } from './queue-backend.port.js';
import type { QueueCatalog } from './queue-catalog.js';
import {
  queueNameProblem,
  queueOptionsProblems,
  SEQUENCED_WITH_STORE,
  type QueueOptions,
  type QueueSettings,
} from './queue-settings.js';

/** How often `drain` counts, in milliseconds. */
const DRAIN_LOOK_MS = 100;

/** How long to wait for a queue to be empty. */
export interface DrainOptions {
  /** In milliseconds from the call. Default 60 000. */
  readonly timeoutMs?: number;
}

/** What the queues of an application are operated through; made by the module. */
export interface QueuesParts {
  readonly backend: QueueBackend;
  readonly catalog: QueueCatalog;
  /** Whether dead letters are kept outside of the queues. */
  readonly hasLetterStore: boolean;
  /** Begins to work on a queue, where this process works on queues of that name. */
  readonly work: (settings: QueueSettings) => Promise<void>;
}

/**
 * The queues of the application, to operate them: inject it anywhere. What a method does to a queue holds for all processes
 * that share its store. Each fails with DISPATCH_NO_QUEUE where the module has no queue backend, with
 * DISPATCH_INVALID_QUEUE_OPTIONS for a queue that is not known, and, where it asks the store, with
 * DISPATCH_QUEUE_UNAVAILABLE where that does not answer.
 */
export class Queues {
  constructor(private readonly parts: () => QueuesParts) {}

  /** The queues this process knows. */
  get names(): readonly string[] {
    return this.parts().catalog.names;
  }

  /** How a queue is set. @throws DISPATCH_INVALID_QUEUE_OPTIONS for a queue that is not known */
  settings(queue: string): QueueSettings {
    return this.known(queue);
  }

  /**
   * Adds a queue while the application runs, and works on it where this process works on queues. One that is known stays
   * as it is set. It is closed with the application.
   *
   * @throws DISPATCH_INVALID_QUEUE_OPTIONS, DISPATCH_QUEUE_UNAVAILABLE: then it can be called again
   */
  async ensure(queue: string, options: QueueOptions = {}): Promise<void> {
    const problems = [queueNameProblem(queue) ?? [], queueOptionsProblems(options)].flat();
    const { backend, catalog, hasLetterStore, work } = this.parts();
    if (hasLetterStore && options.sequenced === true) problems.push(SEQUENCED_WITH_STORE);
    if (problems.length > 0) throw new InvalidQueueOptionsError(`the queue "${queue}"`, problems);
    const { settings } = catalog.add(queue, options);
    await backend.ensure(settings);
    await work(settings);
  }

  /** Hands nothing more out, in any process, until `resume`; what runs goes on, and sending is accepted. Idempotent. */
  async pause(queue: string): Promise<void> {
    await this.parts().backend.pause(this.known(queue).name);
  }

  /** Ends a pause. Idempotent. */
  async resume(queue: string): Promise<void> {
    await this.parts().backend.resume(this.known(queue).name);
  }

  /**
   * Waits until nothing waits in a queue and nothing of it is being handled, anywhere. Delayed messages are not waited
   * for. It neither pauses the queue nor removes anything.
   *
   * @returns false where that has not happened in time
   */
  async drain(queue: string, { timeoutMs = 60_000 }: DrainOptions = {}): Promise<boolean> {
    const endsAtMs = performance.now() + timeoutMs;
    const never = new AbortController().signal;
    for (;;) {
      const { waiting, active } = await this.counts(queue);
      if (waiting + active === 0) return true;
      if (performance.now() >= endsAtMs) return false;
      await delay(DRAIN_LOOK_MS, never);
    }
  }

  /** How many messages are in which state. */
  counts(queue: string): Promise<QueueCounts> {
    return this.parts().backend.counts(this.known(queue).name);
  }

  /** The messages parked in a place, the newest first. @param limit how many at most, default 100 */
  async parked(queue: string, place: ParkingPlace, limit = 100): Promise<readonly ParkedEntry[]> {
    if (!PARKING_PLACES.includes(place)) {
      const problem = `there is no place ${describeValue(place)}: there are ${PARKING_PLACES.join(', ')}`;
      throw new InvalidQueueOptionsError(`the queue "${queue}"`, [problem]);
    }
    return this.parts().backend.parked(this.known(queue).name, place, limit);
  }

  private known(queue: string): QueueSettings {
    const { catalog } = this.parts();
    const known = catalog.get(queue);
    if (known !== undefined) return known.settings;
    const problem = `it is not known; there are ${catalog.names.join(', ')}. Name it in "queues.each" of DispatchModule, or add it with ensure()`;
    throw new InvalidQueueOptionsError(`the queue "${queue}"`, [problem]);
  }
}
