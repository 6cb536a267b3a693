import { setTimeout as delay } from 'node:timers/promises';

import {
  InvalidQueueOptionsError,
  resolveQueueSettings,
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
  type QueueConsumer,
  type QueueCounts,
  type QueueEntry,
  type QueueFeature,
  type QueueSchedule,
  type QueueSettings,
  type ScheduleState,
} from '../../index.js';
import { BoundedCommands, type Availability } from './availability.js';
import { BullmqConsumer } from './work/bullmq-consumer.js';
import { sumOf } from './counting.js';
import { EntryLookup } from './entries/entry-lookup.js';
import { EntrySender, lanedPlace } from './entries/entry-sender.js';
import { ErrorReports } from './error-reports.js';
import { jobIdOf } from './entries/job-ids.js';
import { KeyBlockJobs } from './entries/key-block-jobs.js';
import { ParkedJobs } from './entries/parked-jobs.js';
import { ParkingLot } from './entries/parking-lot.js';
import { OWN_PARKING_PLACES, parkingQueue, placesOf, queueNameProblem, queueOf } from './entries/places.js';
import { Replies } from './replies.js';
import { listSchedules, makeSchedule } from './schedules.js';
import type { InstanceMessage, Store, StoreQueue } from './store.js';

/** When a queue is prepared again where its store was there and gone again, in milliseconds. */
const BEGIN_AGAIN_MS = 1000;

/** Keeps queues in BullMQ, on either of its stores. */
export class BullmqBackend implements QueueBackend {
  readonly features: ReadonlySet<QueueFeature> = new Set(['durable', 'shared']);
  readonly maxBatchCount: number;
  private readonly settings = new Map<string, QueueSettings>();
  private readonly queues = new Map<string, StoreQueue>();
  private readonly consumers = new Set<BullmqConsumer>();
  private readonly commands: BoundedCommands;
  private readonly reports: ErrorReports;
  private readonly store: Store;
  private readonly parking = new ParkingLot((place) => this.queueAt(place));
  private readonly replies: Replies;
  private readonly sender: EntrySender;
  private readonly lookup: EntryLookup;
  private readonly parkedJobs: ParkedJobs;
  private readonly keyBlocks: KeyBlockJobs;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly host: BackendHost,
    /** Makes the store; whatever it has to tell goes to the application. */
    makeStore: (report: (error: unknown) => void) => Store,
    private readonly availability: Availability,
  ) {
    const store = makeStore((error) => this.reports.report(error));
    this.store = store;
    this.maxBatchCount = store.maxBatchCount;
    this.commands = new BoundedCommands(store, availability);
    this.reports = new ErrorReports(host, (error) => store.isOutage(error));
    this.replies = new Replies(store, (error) => this.reports.report(error));
    const queueAt = (place: string): StoreQueue => this.queueAt(place);
    const { parking, commands, replies } = this;
    this.sender = new EntrySender(store, commands, queueAt);
    this.lookup = new EntryLookup({ store, parking, replies, queueAt });
    const settingsOf = (queue: string): QueueSettings => this.settingsOf(queue);
    this.keyBlocks = new KeyBlockJobs({ store, commands, queueAt });
    this.parkedJobs = new ParkedJobs({ store, commands, parking, queueAt, settingsOf });
  }

  open(): Promise<void> {
    return this.store.open();
  }

  async ensure(settings: QueueSettings): Promise<void> {
    const problem = queueNameProblem(settings.name);
    if (problem !== undefined) throw new InvalidQueueOptionsError(`the queue "${settings.name}"`, [problem]);
    this.settings.set(settings.name, settings);
  }

  enqueue(queue: string, entries: readonly QueueEntry[]): Promise<readonly EnqueueResult[]> {
    if (entries.some(({ replyTo }) => replyTo === this.host.instanceId)) this.listen();
    return this.sender.send(this.settingsOf(queue), entries);
  }

  placeOf(queue: string, key: string | undefined): string {
    return lanedPlace(this.settingsOf(queue), { key }) ?? queue;
  }

  async consume(settings: QueueSettings, handle: DeliveryHandler): Promise<QueueConsumer> {
    await this.ensure(settings);
    if (this.availability.atBoot === 'wait' && !this.store.isReady()) return this.consumeLater(settings, handle);
    await this.commands.run(`preparing the queue "${settings.name}"`, () => this.limit(settings));
    return this.consumer(settings, handle);
  }

  /** Begins to deliver when the store is there. */
  private consumeLater(settings: QueueSettings, handle: DeliveryHandler): QueueConsumer {
    let consumer: QueueConsumer | undefined;
    const stopping = new AbortController();
    const { signal } = stopping;
    const begin = async (): Promise<void> => {
      while (!signal.aborted && consumer === undefined) {
        await this.store.becomesReady();
        try {
          if (!signal.aborted) await this.limit(settings);
          if (!signal.aborted) consumer = this.consumer(settings, handle);
        } catch (error) {
          // It may be gone again by now.
          this.reports.report(error, settings.name);
          await delay(BEGIN_AGAIN_MS, undefined, { signal, ref: false });
        }
      }
    };
    begin().catch((error: unknown) => signal.aborted || this.reports.report(error, settings.name));
    const stop = (): void => {
      stopping.abort();
      consumer?.stop();
    };
    return {
      stop,
      close: async () => {
        stop();
        await consumer?.close();
      },
    };
  }

  private consumer(settings: QueueSettings, handle: DeliveryHandler): BullmqConsumer {
    this.listen();
    const { host, store, parking, replies } = this;
    const consumer = new BullmqConsumer(
      {
        host,
        store,
        parking,
        queueAt: (place) => this.queueAt(place),
        replies,
        closeTimeoutMs: this.availability.commandTimeoutMs,
        report: (error, queue) => this.reports.report(error, queue),
      },
      settings,
      handle,
    );
    this.consumers.add(consumer);
    return consumer;
  }

  async read(place: string, id: string): Promise<EntrySnapshot> {
    if (!this.isKnown(place)) return UNKNOWN_ENTRY;
    const jobId = jobIdOf(id);
    return this.commands.run(`reading the entry ${id} of the queue "${queueOf(place)}"`, () =>
      this.lookup.read(place, jobId),
    );
  }

  async cancel(place: string, id: string): Promise<CancelResult> {
    if (!this.isKnown(place)) return 'unknown';
    const jobId = jobIdOf(id);
    return this.commands.run(`cancelling the entry ${id} of the queue "${queueOf(place)}"`, () =>
      this.lookup.cancel(place, jobId, id),
    );
  }

  async pause(queue: string): Promise<void> {
    await this.commands.run(`pausing the queue "${queue}"`, () => this.each(queue, (each) => each.pause()));
    this.host.happened({ type: 'paused', queue });
  }

  async resume(queue: string): Promise<void> {
    await this.commands.run(`resuming the queue "${queue}"`, () => this.each(queue, (each) => each.resume()));
    this.host.happened({ type: 'resumed', queue });
  }

  async counts(queue: string): Promise<QueueCounts> {
    const places = this.placesOf(queue);
    const parking = OWN_PARKING_PLACES.map((place) => parkingQueue(queue, place));
    const counts = await this.commands.run(`counting the queue "${queue}"`, () =>
      this.store.counts([...places, ...parking]),
    );
    return sumOf(counts.slice(0, places.length), counts.slice(places.length));
  }

  parked(queue: string, place: ParkingPlace, limit: number): Promise<readonly ParkedEntry[]> {
    return this.parkedJobs.parked(queue, place, limit);
  }

  parkedPage(queue: string, place: ParkingPlace, request: ParkedPageRequest): Promise<readonly ListedEntry[]> {
    return this.parkedJobs.parkedPage(queue, place, request);
  }

  readParked(queue: string, place: ParkingPlace, id: string): Promise<ParkedEntry | undefined> {
    return this.parkedJobs.readParked(queue, place, id);
  }

  removeParked(queue: string, place: ParkingPlace, id: string): Promise<boolean> {
    return this.parkedJobs.removeParked(queue, place, id);
  }

  replayParked(queue: string, place: ParkingPlace, id: string, changes?: ParkedChanges): Promise<boolean> {
    return this.parkedJobs.replayParked(queue, place, id, changes);
  }

  keyBlock(queue: string, key: string): Promise<KeyBlock | undefined> {
    return this.keyBlocks.keyBlock(queue, key);
  }

  changeKeyBlock(queue: string, key: string, from: KeyBlock | undefined, to: KeyLine | undefined): Promise<boolean> {
    return this.keyBlocks.changeKeyBlock(queue, key, from, to);
  }

  schedule(queue: string, schedule: QueueSchedule): Promise<ScheduleState> {
    return this.commands.run(`making the schedule "${schedule.id}"`, () => makeSchedule(this.queueAt(queue), schedule));
  }

  schedules(queue: string): Promise<readonly ScheduleState[]> {
    return this.commands.run(`listing the schedules of the queue "${queue}"`, () => listSchedules(this.queueAt(queue)));
  }

  unschedule(queue: string, id: string): Promise<boolean> {
    return this.commands.run(`removing the schedule "${id}"`, () =>
      this.queueAt(queue).removeJobScheduler(jobIdOf(id)),
    );
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    this.commands.close();
    await Promise.all([...this.consumers].map((consumer) => consumer.close()));
    const report = (error: unknown): void => this.reports.report(error);
    await this.replies.flushed(this.availability.commandTimeoutMs);
    await Promise.all([...this.queues.values()].map((queue) => queue.close().catch(report)));
    await this.store.close();
  }

  private listen(): void {
    this.store.listen(this.host.instanceId, (message) => this.receive(message));
  }

  private receive(message: InstanceMessage): void {
    if (message.type === 'reply') this.host.replied(message.id, message.outcome, message.place);
    else for (const consumer of this.consumers) consumer.cancel(message.place, message.jobId);
  }

  /** What BullMQ keeps of a queue in the store, for all workers. */
  private async limit({ name, lanes, globalConcurrency }: QueueSettings): Promise<void> {
    const [queue, ...laneQueues] = placesOf(name, lanes).map((place) => this.queueAt(place));
    await Promise.all([
      globalConcurrency === undefined
        ? queue?.removeGlobalConcurrency()
        : queue?.setGlobalConcurrency(globalConcurrency),
      ...laneQueues.map((lane) => lane.setGlobalConcurrency(1)),
    ]);
  }

  private async each(queue: string, run: (queue: StoreQueue) => Promise<unknown>): Promise<void> {
    await Promise.all(this.placesOf(queue).map((place) => run(this.queueAt(place))));
  }

  /** Ids of receipts come from outside: what they name must not become a queue. */
  private isKnown(place: string): boolean {
    const settings = this.settings.get(queueOf(place));
    return settings !== undefined && placesOf(settings.name, settings.lanes).includes(place);
  }

  private placesOf(queue: string): string[] {
    return placesOf(queue, this.settingsOf(queue).lanes);
  }

  private settingsOf(queue: string): QueueSettings {
    return this.settings.get(queue) ?? resolveQueueSettings(queue);
  }

  private queueAt(place: string): StoreQueue {
    const known = this.queues.get(place);
    if (known !== undefined) return known;
    const made = this.store.queue(place, (error) => this.reports.report(error, queueOf(place)));
    this.queues.set(place, made);
    return made;
  }
}
