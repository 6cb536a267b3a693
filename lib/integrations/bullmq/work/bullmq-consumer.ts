import {
  CancelledError,
  type BackendHost,
  type DeliveryHandler,
  type QueueConsumer,
  type QueueSettings,
} from '../../../index.js';
import { entryIdOf } from '../entries/job-ids.js';
import type { ParkingLot, QueueAt } from '../entries/parking-lot.js';
import { AgeSweep } from './age-sweep.js';
import { PlaceWorker } from './place-worker.js';
import { placesOf } from '../entries/places.js';
import type { Replies } from '../replies.js';
import type { Store } from '../store.js';

/** What a consumer needs of the adapter. */
export interface ConsumerParts {
  readonly store: Store;
  readonly host: BackendHost;
  readonly parking: ParkingLot;
  readonly queueAt: QueueAt;
  readonly replies: Replies;
  /** How long the store may take to close what is idle, in milliseconds. */
  readonly closeTimeoutMs: number;
  readonly report: (error: unknown, queue: string) => void;
}

/** Delivers the entries of one queue: a BullMQ worker for the queue, and one for each lane. */
export class BullmqConsumer implements QueueConsumer {
  private readonly workers: readonly PlaceWorker[];
  private readonly renewal: NodeJS.Timeout;
  private readonly sweep: AgeSweep;
  private hasDelivered = false;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly parts: ConsumerParts,
    private readonly settings: QueueSettings,
    private readonly handle: DeliveryHandler,
  ) {
    const places = placesOf(settings.name, settings.lanes);
    this.workers = places.map((place, index) => this.work(place, index > 0));
    const report = (error: unknown): void => parts.report(error, settings.name);
    this.sweep = new AgeSweep(places.map(parts.queueAt), settings, report);
    // So a hold is renewed when between a quarter and half of its time is over.
    this.renewal = setInterval(() => this.renewLocks(), settings.lockMs / 4);
  }

  stop(): void {
    for (const worker of this.workers) worker.stop();
  }

  close(): Promise<void> {
    this.closing ??= this.closeWorkers();
    return this.closing;
  }

  /** Tells the handler of a job, where it runs here, that somebody cancelled it. */
  cancel(place: string, jobId: string): void {
    const worker = this.workers.find((each) => each.place === place);
    for (const delivery of worker?.running ?? []) {
      if (delivery.held.jobId === jobId) delivery.abort(new CancelledError(entryIdOf(jobId)));
    }
  }

  private work(place: string, isLane: boolean): PlaceWorker {
    const { store, host, parking, replies, report } = this.parts;
    const { settings } = this;
    return new PlaceWorker(
      {
        store,
        instanceId: host.instanceId,
        settings,
        parking,
        replies,
        report,
        handle: (delivery) => {
          this.hasDelivered = true;
          return this.handle(delivery);
        },
        stalled: (queue, id) => host.happened({ type: 'stalled', queue, place, id }),
        drained: () => this.tellDrained(),
      },
      place,
      isLane,
    );
  }

  /** Each worker knows only its own place: the queue is drained, as far as this process can tell, when the last one is. */
  private tellDrained(): void {
    if (!this.hasDelivered || this.workers.some(({ running }) => running.size > 0)) return;
    this.hasDelivered = false;
    this.parts.host.happened({ type: 'drained', queue: this.settings.name });
  }

  private renewLocks(): void {
    for (const worker of this.workers) void worker.renewLocks();
  }

  private async closeWorkers(): Promise<void> {
    const report = (error: unknown): void => this.parts.report(error, this.settings.name);
    const closed = Promise.all(this.workers.map((worker) => worker.close(this.parts.closeTimeoutMs).catch(report)));
    await closed;
    clearInterval(this.renewal);
    this.sweep.close();
    await this.parts.replies.flushed(this.parts.closeTimeoutMs);
  }
}
