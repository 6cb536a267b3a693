import { AsyncResource } from 'node:async_hooks';
import { clearImmediate, setImmediate } from 'node:timers';

import { DueTimer, now } from '../../common/due-timer.js';
import type { DeliveryHandler, QueueConsumer, Settlement } from '../queue/queue-backend.port.js';
import type { QueueSettings } from '../queue/queue-settings.js';
import { toWireError } from '../queue/wire-error.js';
import type { ResolvedInMemoryQueueOptions } from './in-memory-queue.options.js';
import { MemoryDelivery, type MemoryEntry } from './memory-entry.js';
import type { MemoryQueue } from './memory-queue.js';
import { RateWindow } from './rate-window.js';

const TURN = Promise.resolve();

/** What the workers tell of. */
interface WorkersHost {
  /** The last entry that was ready has been handled. */
  drained(): void;
  /** A handler that must never reject did. */
  broke(error: Error): void;
}

/** One consumer: whom to call, and how many calls are running. */
class Worker implements QueueConsumer {
  isStopped = false;
  active = 0;
  activeUnkeyed = 0;
  /** How many entries it may still start in this turn of the event loop. */
  budget: number;
  private closed: (() => void) | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    readonly handle: DeliveryHandler,
    readonly limit: number,
    readonly batchSize: number,
    private readonly onClosed: (worker: Worker) => void,
  ) {
    this.budget = batchSize;
  }

  stop(): void {
    this.isStopped = true;
  }

  close(): Promise<void> {
    this.stop();
    this.closing ??= new Promise((resolve) => {
      this.closed = resolve;
      this.resolveIfIdle();
    });
    return this.closing;
  }

  resolveIfIdle(): void {
    if (this.closed === undefined || this.active > 0) return;
    this.closed();
    this.onClosed(this);
  }
}

/** Hands the entries of one queue to its consumers, within the limits of the queue. */
export class MemoryWorkers {
  private workers: Worker[] = [];
  private next = 0;
  private activeKeyed = 0;
  private activeUnkeyed = 0;
  private isScheduled = false;
  private refilling: NodeJS.Immediate | undefined;
  private readonly rate: RateWindow;
  private readonly rateTimer = new DueTimer(() => this.wake());

  constructor(
    private readonly queue: MemoryQueue,
    private settings: QueueSettings,
    private readonly options: ResolvedInMemoryQueueOptions,
    private readonly host: WorkersHost,
  ) {
    this.rate = new RateWindow(settings.rateLimit);
  }

  configure(settings: QueueSettings): void {
    this.settings = settings;
    this.rate.configure(settings.rateLimit);
    this.wake();
  }

  add(handle: DeliveryHandler): QueueConsumer {
    const { batchSize, consumers } = this.options;
    const limit = Math.max(this.settings.concurrency, consumers);
    const worker = new Worker(handle, limit, batchSize * consumers, (closed) => {
      this.workers = this.workers.filter((other) => other !== closed);
    });
    this.workers = [...this.workers, worker];
    this.wake();
    return worker;
  }

  /** Looks for something to deliver, once the code that runs now has ended: a sender never runs a handler. */
  wake(): void {
    if (this.isScheduled || this.workers.length === 0) return;
    this.isScheduled = true;
    // Not queueMicrotask(): a test's fake timers would hold it back, though no time passes here.
    void TURN.then(this.onWake);
  }

  /** Lets go of the timers, once the queue is closed. */
  rest(): void {
    this.rateTimer.clear();
    clearImmediate(this.refilling);
  }

  /** Outside of what a sender keeps for its own calls, such as a transaction: that is not the handler's. */
  private readonly onWake = AsyncResource.bind((): void => {
    this.isScheduled = false;
    this.deliver();
  });

  private deliver(): void {
    while (this.queue.isOpen && this.deliverOne());
  }

  /** Starts one delivery; false where there is nothing to deliver or nobody free. */
  private deliverOne(): boolean {
    for (let looked = 0; looked < this.workers.length; looked++) {
      const worker = this.workers[this.next % this.workers.length];
      this.next = (this.next + 1) % this.workers.length;
      if (worker === undefined || worker.isStopped) continue;
      if (worker.budget === 0) {
        // Handlers that never leave the microtask queue would otherwise keep timers and sockets waiting for ever.
        this.refilling ??= setImmediate(this.refill);
        continue;
      }
      const entry = this.takeFor(worker);
      if (entry === undefined) continue;
      this.start(worker, entry);
      return true;
    }
    return false;
  }

  private takeFor(worker: Worker): MemoryEntry | undefined {
    const { globalConcurrency = Number.POSITIVE_INFINITY, lanes } = this.settings;
    const isFree = worker.activeUnkeyed < worker.limit && this.activeUnkeyed < globalConcurrency;
    if (isFree && this.queue.hasUnkeyed && this.isRateFree()) {
      this.rate.took(now);
      return this.queue.take(false);
    }
    return this.activeKeyed < Math.max(1, lanes) ? this.queue.take(true) : undefined;
  }

  private isRateFree(): boolean {
    const { freeAt } = this.rate;
    if (freeAt === 0 || freeAt <= now()) return true;
    this.rateTimer.set(freeAt);
    return false;
  }

  private start(worker: Worker, entry: MemoryEntry): void {
    worker.budget -= 1;
    this.count(worker, entry, 1);
    const ended = (settlement: Settlement): void => this.end(worker, entry, settlement);
    let handling: Promise<Settlement>;
    try {
      handling = worker.handle(new MemoryDelivery(this.queue.name, entry));
    } catch (error) {
      handling = Promise.reject(error);
    }
    handling.then(ended, (error: unknown) => {
      const cause = error instanceof Error ? error : new Error(String(error));
      this.host.broke(cause);
      ended({ action: 'park', place: 'failed', error: toWireError(error) });
    });
  }

  private end(worker: Worker, entry: MemoryEntry, settlement: Settlement): void {
    this.count(worker, entry, -1);
    this.queue.settle(entry, settlement);
    worker.resolveIfIdle();
    this.deliver();
    if (this.queue.isDrained) this.host.drained();
  }

  private count(worker: Worker, entry: MemoryEntry, change: 1 | -1): void {
    worker.active += change;
    if (entry.entry.key !== undefined) {
      this.activeKeyed += change;
      return;
    }
    worker.activeUnkeyed += change;
    this.activeUnkeyed += change;
  }

  private readonly refill = (): void => {
    this.refilling = undefined;
    for (const worker of this.workers) worker.budget = worker.batchSize;
    this.deliver();
  };
}
