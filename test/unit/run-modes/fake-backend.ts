import { randomUUID } from 'node:crypto';

import type {
  BackendHost,
  CancelResult,
  Delivery,
  DeliveryHandler,
  EnqueueResult,
  EntrySnapshot,
  ListedEntry,
  ParkedEntry,
  QueueBackend,
  QueueBackendFactory,
  QueueConsumer,
  QueueCounts,
  QueueEntry,
  QueueFeature,
  QueueSettings,
  ScheduleState,
  Settlement,
} from 'nestjs-dispatch';

/** A delivery as a test makes it: whatever it does not say is made up. */
export type GivenDelivery = Partial<Delivery> & { readonly queue?: string };

const COUNTS: QueueCounts = {
  waiting: 0,
  delayed: 0,
  active: 0,
  completed: 0,
  parked: { failed: 0, unreadable: 0, unhandled: 0, invalid: 0 },
  isPaused: false,
  oldestWaitingMs: 0,
};

/** A store that the test plays: it keeps what it is called with, and answers what the test says. */
export class FakeBackend implements QueueBackend {
  readonly features: ReadonlySet<QueueFeature> = new Set(['shared']);
  readonly maxBatchCount: number = 100;
  /** The entries of each call of `enqueue`, in order. */
  readonly batches: (readonly QueueEntry[])[] = [];
  readonly reads: string[] = [];
  readonly cancels: string[] = [];
  readonly consumed: string[] = [];
  countsAsked = 0;
  counted: Partial<QueueCounts> = {};
  onEnqueue: (entry: QueueEntry, queue: string) => Promise<EnqueueResult> = (_entry, queue) =>
    Promise.resolve({ status: 'stored', place: queue });
  onCounts: () => Promise<QueueCounts> = () => Promise.resolve({ ...COUNTS, ...this.counted });
  onRead: (id: string) => Promise<EntrySnapshot> = () =>
    Promise.resolve({ state: 'waiting', attempt: 0, progress: undefined, outcome: undefined });
  private readonly handlers = new Map<string, DeliveryHandler>();
  private host: BackendHost | undefined;

  /** What is given to the module as its queue. */
  readonly factory: QueueBackendFactory = {
    name: 'fake',
    create: (host) => {
      this.host = host;
      return this;
    },
  };

  /** What the application gave the backend. */
  get application(): BackendHost {
    if (this.host === undefined) throw new Error('no application has started');
    return this.host;
  }

  /** Hands an entry to the application's worker. */
  deliver({ queue = 'default', ...given }: GivenDelivery): Promise<Settlement> {
    const handle = this.handlers.get(queue);
    if (handle === undefined) throw new Error(`nobody works on ${queue}`);
    return handle({
      id: randomUUID(),
      name: 'unknown',
      data: undefined,
      key: undefined,
      place: queue,
      enqueuedAt: new Date(),
      attempt: 1,
      countAttempt: () => Promise.reject(new Error('not counted by this test')),
      progress: () => Promise.resolve(),
      onAbort: () => undefined,
      ...given,
    });
  }

  async open(): Promise<void> {}
  async ensure(_settings: QueueSettings): Promise<void> {}

  enqueue(queue: string, entries: readonly QueueEntry[]): readonly Promise<EnqueueResult>[] {
    this.batches.push(entries);
    return entries.map((entry) => this.onEnqueue(entry, queue));
  }

  async consume({ name }: QueueSettings, handle: DeliveryHandler): Promise<QueueConsumer> {
    this.consumed.push(name);
    this.handlers.set(name, handle);
    return { stop: () => undefined, close: () => Promise.resolve() };
  }

  read(_place: string, id: string): Promise<EntrySnapshot> {
    this.reads.push(id);
    return this.onRead(id);
  }

  async cancel(_place: string, id: string): Promise<CancelResult> {
    this.cancels.push(id);
    return 'requested';
  }

  async pause(): Promise<void> {}
  async resume(): Promise<void> {}

  counts(): Promise<QueueCounts> {
    this.countsAsked += 1;
    return this.onCounts();
  }

  async parkedPage(): Promise<readonly ListedEntry[]> {
    return [];
  }

  async readParked(): Promise<undefined> {}

  async removeParked(): Promise<boolean> {
    return false;
  }

  async replayParked(): Promise<boolean> {
    return false;
  }

  async keyBlock(): Promise<undefined> {}

  async changeKeyBlock(): Promise<boolean> {
    return true;
  }

  async parked(): Promise<readonly ParkedEntry[]> {
    return [];
  }

  schedule(): Promise<ScheduleState> {
    return Promise.reject(new Error('this store makes no schedules'));
  }

  async schedules(): Promise<readonly ScheduleState[]> {
    return [];
  }

  async unschedule(): Promise<boolean> {
    return false;
  }

  async close(): Promise<void> {}
}
