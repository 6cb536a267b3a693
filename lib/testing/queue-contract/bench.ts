import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type {
  BackendEvent,
  BackendHost,
  Delivery,
  DeliveryHandler,
  EnqueueResult,
  EntryOutcome,
  QueueBackend,
  QueueBackendFactory,
  QueueConsumer,
  QueueEntry,
  QueueFeature,
  Settlement,
  WireError,
} from '../../run-modes/queue/queue-backend.port.js';
import { resolveQueueSettings, type QueueOptions, type QueueSettings } from '../../run-modes/queue/queue-settings.js';

/** One expectation on every backend that has the features it needs. */
export interface BenchCase {
  readonly title: string;
  readonly needs?: readonly QueueFeature[];
  /** Throws where the expectation is broken. */
  run(bench: Bench): Promise<void>;
}

/** What a handler does with a delivery; one that throws breaks the case. */
export type Step = (delivery: Delivery) => Settlement | Promise<Settlement>;

/** Something to wait for, which the case opens. */
export class Gate {
  private resolve: (() => void) | undefined;
  readonly opened = new Promise<void>((resolve) => {
    this.resolve = resolve;
  });

  open(): void {
    this.resolve?.();
  }
}

/** Handled, without a result. */
export const COMPLETE: Settlement = { action: 'complete', result: null };

/** An error as a handler's failure is stored. */
export const FAILURE: WireError = {
  name: 'OutOfStockError',
  message: 'No äpples left',
  code: 'OUT_OF_STOCK',
  stack: 'OutOfStockError: No äpples left\n    at order.ts:1:1',
};

/** What lies between two ends, in milliseconds, so that stores that go by the millisecond see which came first. */
export const TICK_MS = 5;

/** Waits this long, where time itself is what a case is about or a handler shall take a while. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** A backend of one application instance, and what it told that instance. */
export class Instance implements BackendHost {
  readonly instanceId = randomUUID();
  readonly events: BackendEvent[] = [];
  readonly replies = new Map<string, EntryOutcome>();
  /** Called with each reply as it comes. */
  onReply: ((id: string, place: string | undefined) => void) | undefined;
  readonly backend: QueueBackend;
  private readonly consumers: QueueConsumer[] = [];

  constructor(
    factory: QueueBackendFactory,
    private readonly bench: Bench,
  ) {
    this.backend = factory.create(this);
  }

  replied(id: string, outcome: EntryOutcome, place?: string): void {
    if (!this.replies.has(id)) this.replies.set(id, outcome);
    this.onReply?.(id, place);
  }

  happened(event: BackendEvent): void {
    this.events.push(event);
  }

  /** Stores entries in one call, each of which must be stored; resolves with their places. */
  async store(settings: QueueSettings, ...entries: QueueEntry[]): Promise<string[]> {
    const results = await this.enqueue(settings, ...entries);
    return results.map((result) => {
      assert.equal(result.status, 'stored', 'the entry was not stored');
      return result.status === 'stored' ? result.place : '';
    });
  }

  /** Stores entries in one call; resolves when every one has its result. */
  enqueue(settings: QueueSettings, ...entries: QueueEntry[]): Promise<EnqueueResult[]> {
    return Promise.all(this.enqueueEach(settings, ...entries));
  }

  /** The same, with a promise for each entry, where the backend gives one for all of them too. */
  enqueueEach({ name }: QueueSettings, ...entries: QueueEntry[]): readonly Promise<EnqueueResult>[] {
    const answers = this.backend.enqueue(name, entries);
    if (!('then' in answers)) return answers;
    return entries.map(async (_entry, index) => {
      const result = (await answers)[index];
      return result ?? assert.fail('the backend gave too few results');
    });
  }

  async consume(settings: QueueSettings, step: Step = () => COMPLETE): Promise<Consumption> {
    const consumption = new Consumption(this.bench, step);
    consumption.consumer = await this.backend.consume(settings, consumption.handle);
    this.consumers.push(consumption.consumer);
    return consumption;
  }

  /** The reply to an entry, once it is there. */
  async replyTo(entry: QueueEntry): Promise<EntryOutcome> {
    await this.bench.until('the reply', () => this.replies.has(entry.id));
    return this.replies.get(entry.id) ?? assert.fail('there is no reply');
  }

  async close(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.close()));
    await this.backend.close();
  }
}

/** What one consumer has got. */
export class Consumption {
  consumer: QueueConsumer | undefined;
  readonly deliveries: Delivery[] = [];
  /** When each delivery began, in milliseconds. */
  readonly startedAt: number[] = [];
  running = 0;
  maxRunning = 0;
  ended = 0;

  constructor(
    private readonly bench: Bench,
    private readonly step: Step,
  ) {}

  get ids(): string[] {
    return this.deliveries.map(({ id }) => id);
  }

  /** Waits until so many deliveries have begun. */
  begun(count: number): Promise<void> {
    return this.bench.until(`${count} deliveries`, () => this.deliveries.length >= count);
  }

  /** Waits until so many deliveries have ended. */
  done(count: number): Promise<void> {
    return this.bench.until(`the end of ${count} deliveries`, () => this.ended >= count);
  }

  stop(): void {
    this.consumer?.stop();
  }

  async close(): Promise<void> {
    await this.consumer?.close();
  }

  readonly handle: DeliveryHandler = async (delivery) => {
    this.deliveries.push(delivery);
    this.startedAt.push(Date.now());
    this.running += 1;
    this.maxRunning = Math.max(this.maxRunning, this.running);
    try {
      return await this.step(delivery);
    } catch (error) {
      this.bench.broken.push(error);
      return { action: 'park', place: 'failed', error: FAILURE };
    } finally {
      this.running -= 1;
      this.ended += 1;
    }
  };
}

/** What a case works with: instances on one store, queues nobody else uses, and waiting that ends. */
export class Bench {
  /** What handlers have thrown: the case fails with it. */
  readonly broken: unknown[] = [];
  private readonly instances: Instance[] = [];
  private readonly gates: Gate[] = [];

  constructor(
    private readonly factory: QueueBackendFactory,
    private readonly patienceMs: number,
  ) {}

  /** Starts an application instance on the store of the case. */
  async open(): Promise<Instance> {
    const instance = new Instance(this.factory, this);
    this.instances.push(instance);
    await instance.backend.open();
    return instance;
  }

  /** The features of the backend. */
  get features(): ReadonlySet<QueueFeature> {
    return new Instance(this.factory, this).backend.features;
  }

  /** A second instance where instances share the store; otherwise the first, whose second consumer stands for it. */
  async other(first: Instance): Promise<Instance> {
    return first.backend.features.has('shared') ? this.open() : first;
  }

  /** The settings of a queue that is known to the instances. */
  async queue(options: QueueOptions, ...instances: Instance[]): Promise<QueueSettings> {
    const settings = resolveQueueSettings(`contract-${randomUUID()}`, options);
    for (const { backend } of instances) await backend.ensure(settings);
    return settings;
  }

  entry(given: Partial<QueueEntry> = {}): QueueEntry {
    return {
      id: randomUUID(),
      name: 'orders.place',
      data: { order: 1 },
      key: undefined,
      priority: 100,
      delayMs: 0,
      deduplicationId: undefined,
      replyTo: undefined,
      ...given,
    };
  }

  entries(count: number, given: Partial<QueueEntry> = {}): QueueEntry[] {
    return Array.from({ length: count }, (_, index) => this.entry({ data: { order: index }, ...given }));
  }

  gate(): Gate {
    const gate = new Gate();
    this.gates.push(gate);
    return gate;
  }

  /** Waits for a condition. @throws AssertionError where it does not come true in time */
  async until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + this.patienceMs;
    while (!(await isTrue())) {
      if (Date.now() > deadline) assert.fail(`Waited ${this.patienceMs} ms in vain for ${what}.`);
      await pass(5);
    }
  }

  /** Waits for a promise. @throws AssertionError where it does not settle in time */
  async settled<T>(what: string, promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new assert.AssertionError({ message: `Waited ${this.patienceMs} ms in vain for ${what}.` }));
      }, this.patienceMs);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  /** Lets all handlers end, and closes every instance. */
  async close(): Promise<void> {
    for (const gate of this.gates) gate.open();
    const closing = Promise.all(this.instances.map((instance) => instance.close()));
    await this.settled('the backends to close', closing);
  }
}
