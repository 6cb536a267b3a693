import { now } from '../../common/due-timer.js';
import {
  UNKNOWN_ENTRY,
  type BackendHost,
  type CancelResult,
  type DeliveryHandler,
  type EnqueueResult,
  type EntrySnapshot,
  type KeyBlock,
  type KeyLine,
  type ListedEntry,
  type ParkedChanges,
  type ParkedEntry,
  type ParkedPageRequest,
  type ParkingPlace,
  type QueueBackend,
  type QueueBackendFactory,
  type QueueConsumer,
  type QueueCounts,
  type QueueEntry,
  type QueueFeature,
  type QueueSchedule,
  type ScheduleState,
} from '../queue/queue-backend.port.js';
import { resolveQueueSettings, type QueueSettings } from '../queue/queue-settings.js';
import { MemoryKeyBlocks } from '../sequenced/memory-key-blocks.js';
import {
  resolveInMemoryQueueOptions,
  type InMemoryQueueOptions,
  type ResolvedInMemoryQueueOptions,
} from './in-memory-queue.options.js';
import { MemoryQueue } from './memory-queue.js';
import { MemorySchedules } from './memory-schedules.js';
import { MemoryWorkers } from './memory-workers.js';

/**
 * Keeps queues in the memory of the process: fast, and gone with it. Entries that wait when the application closes are
 * dropped, each with a notification and a `QueueClosedError` for whoever waits for it.
 *
 * @throws DISPATCH_INVALID_QUEUE_OPTIONS from the factory's `create`, listing everything that is wrong with the options
 */
export function inMemoryQueue(options?: InMemoryQueueOptions): QueueBackendFactory {
  return { name: 'memory', create: (host) => new MemoryBackend(host, resolveInMemoryQueueOptions(options)) };
}

interface Parts {
  readonly queue: MemoryQueue;
  readonly workers: MemoryWorkers;
  readonly schedules: MemorySchedules;
}

/**
 * Queues in the memory of one application instance: nothing of them outlives it or is seen by another. Data is handed
 * over as it is, not copied: the sender lets go of it, and a handler does not change it.
 */
class MemoryBackend implements QueueBackend {
  readonly features: ReadonlySet<QueueFeature> = new Set<QueueFeature>(['full-mode']);
  readonly maxBatchCount = 1;
  private readonly queues = new Map<string, Parts>();
  private readonly keyBlocks = new MemoryKeyBlocks();
  private isClosed = false;

  constructor(
    private readonly host: BackendHost,
    private readonly options: ResolvedInMemoryQueueOptions,
  ) {}

  async open(): Promise<void> {
    // There is nothing to connect to.
  }

  async ensure(settings: QueueSettings): Promise<void> {
    this.configured(settings);
  }

  enqueue(queue: string, entries: readonly QueueEntry[]): readonly Promise<EnqueueResult>[] {
    const { queue: target } = this.partsOf(queue);
    return entries.map((entry) => target.enqueue(entry));
  }

  async consume(settings: QueueSettings, handle: DeliveryHandler): Promise<QueueConsumer> {
    return this.configured(settings).workers.add(handle);
  }

  async read(place: string, id: string): Promise<EntrySnapshot> {
    // Receipts come from outside, and must not make queues.
    return this.queues.get(place)?.queue.read(id) ?? UNKNOWN_ENTRY;
  }

  async cancel(place: string, id: string): Promise<CancelResult> {
    return this.queues.get(place)?.queue.cancel(id) ?? 'unknown';
  }

  async pause(queue: string): Promise<void> {
    this.partsOf(queue).queue.pause();
  }

  async resume(queue: string): Promise<void> {
    this.partsOf(queue).queue.resume();
  }

  async counts(queue: string): Promise<QueueCounts> {
    return this.partsOf(queue).queue.counts();
  }

  async parked(queue: string, place: ParkingPlace, limit: number): Promise<readonly ParkedEntry[]> {
    return this.partsOf(queue).queue.finished.parked(place, limit, now());
  }

  async parkedPage(queue: string, place: ParkingPlace, request: ParkedPageRequest): Promise<readonly ListedEntry[]> {
    return this.partsOf(queue).queue.finished.parkedPage(place, request, now());
  }

  async readParked(queue: string, place: ParkingPlace, id: string): Promise<ParkedEntry | undefined> {
    return this.queues.get(queue)?.queue.finished.readParked(place, id, now());
  }

  async removeParked(queue: string, place: ParkingPlace, id: string): Promise<boolean> {
    return this.queues.get(queue)?.queue.finished.takeParked(place, id, now()) !== undefined;
  }

  async replayParked(queue: string, place: ParkingPlace, id: string, changes: ParkedChanges = {}): Promise<boolean> {
    return this.queues.get(queue)?.queue.replay(place, id, changes) ?? false;
  }

  keyBlock(queue: string, key: string): Promise<KeyBlock | undefined> {
    return this.keyBlocks.keyBlock(queue, key);
  }

  changeKeyBlock(queue: string, key: string, from: KeyBlock | undefined, to: KeyLine | undefined): Promise<boolean> {
    return this.keyBlocks.changeKeyBlock(queue, key, from, to);
  }

  async schedule(queue: string, schedule: QueueSchedule): Promise<ScheduleState> {
    return this.partsOf(queue).schedules.set(schedule);
  }

  async schedules(queue: string): Promise<readonly ScheduleState[]> {
    return this.partsOf(queue).schedules.list();
  }

  async unschedule(queue: string, id: string): Promise<boolean> {
    return this.partsOf(queue).schedules.delete(id);
  }

  /**
   * Drops what waits: each entry is told of with a `QueueClosedError`. Waits for no handler: closing the consumers does, and
   * whoever could not wait for them must not wait here.
   */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const { queue, workers, schedules } of this.queues.values()) {
      schedules.close();
      queue.close();
      workers.rest();
    }
  }

  private configured(settings: QueueSettings): Parts {
    const known = this.queues.get(settings.name);
    if (known === undefined) return this.make(settings);
    known.queue.configure(settings);
    known.workers.configure(settings);
    return known;
  }

  private partsOf(name: string): Parts {
    return this.queues.get(name) ?? this.make(resolveQueueSettings(name));
  }

  private make(settings: QueueSettings): Parts {
    const { host } = this;
    const { name } = settings;
    const queue = new MemoryQueue(settings, this.options, host, () => workers.wake());
    const workers = new MemoryWorkers(queue, settings, this.options, {
      drained: () => host.happened({ type: 'drained', queue: name }),
      broke: (error) => host.happened({ type: 'error', queue: name, error }),
    });
    const schedules = new MemorySchedules(name, {
      make: (schedule) => this.makeScheduled(queue, schedule),
      broke: (error) => host.happened({ type: 'error', queue: name, error }),
    });
    const parts: Parts = { queue, workers, schedules };
    this.queues.set(name, parts);
    if (this.isClosed) queue.close();
    return parts;
  }

  private makeScheduled(queue: MemoryQueue, { id, entry }: QueueSchedule): () => boolean {
    const made: QueueEntry = {
      ...entry,
      id: `${id}#${queue.nextSequence}`,
      key: undefined,
      delayMs: 0,
      deduplicationId: undefined,
      replyTo: undefined,
    };
    let isOnItsWay = true;
    void queue.enqueue(made).then((result) => {
      isOnItsWay = false;
      if (result.status !== 'refused') return;
      this.host.happened({ type: 'dropped', queue: queue.name, entry: made, error: result.error });
    });
    return () => isOnItsWay || queue.read(made.id).state === 'waiting';
  }
}
