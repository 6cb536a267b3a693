import { isNativeError } from 'node:util/types';

import {
  createRedisBackend,
  Queue,
  RedisQueueBackend,
  Worker,
  type IQueueBackend,
  type Job,
  type JobJson,
} from 'bullmq';

import type { Availability } from '../availability.js';
import {
  readableJob,
  type InstanceMessage,
  type PlaceCounts,
  type Removal,
  type Store,
  type StoreProcessor,
  type StoreQueue,
  type StoreWorker,
  type StoreWorkerOptions,
} from '../store.js';
import { toError } from '../errors.js';
import { RedisAdds } from './redis-adds.js';
import { RedisConnections } from './redis-connections.js';
import { RedisMessages } from './redis-messages.js';
import { RedisParking } from './redis-parking.js';
import type { ResolvedBullmqOptions } from './redis-options.js';
import { ADD_ATTEMPTS, COUNT, REMOVE_WAITING } from './redis-scripts.js';

/** About how many events BullMQ keeps of each queue, for those who look on with its QueueEvents. */
const MAX_EVENTS = 1000;
const REMOVALS: readonly string[] = ['removed', 'active', 'finished', 'unknown'] satisfies Removal[];
/** Beginnings of the errors of a server that is there and cannot serve, or of a connection that is not. */
const OUTAGE =
  /^(READONLY|LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|Connection is closed|Command timed out|Command aborted|Reached the max retries|Failed to refresh slots|Stream isn't writeable)/;
const OUTAGE_CODES: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** A worker that reads what is no JSON too, and makes ten promises fewer for each job. */
class RedisWorker extends Worker<unknown, unknown> {
  private whenReady: Promise<void> | undefined;

  protected override createJob(data: JobJson, jobId: string): Job<unknown, unknown> {
    try {
      return super.createJob(data, jobId);
    } catch {
      return super.createJob(readableJob(data), jobId);
    }
  }

  /** BullMQ asks before each settlement for what, once it is so, stays so. */
  override waitUntilReady(): Promise<void> {
    return (this.whenReady ??= super.waitUntilReady());
  }

  /** After a look for abandoned jobs that failed BullMQ rests for five seconds: so long nobody would be relieved who dies then. */
  protected override checkConnectionError<T>(
    look: () => Promise<T>,
    delayMs = this.opts.runRetryDelay,
  ): Promise<T | undefined> {
    return super.checkConnectionError(look, delayMs);
  }

  /** There is no telemetry of BullMQ's own here to wrap a job with. */
  override trace<T>(
    _kind: unknown,
    _operation: string,
    _destination: string,
    callback: () => Promise<T> | T,
  ): Promise<T | Promise<T>> {
    // What is a promise already comes back as it is.
    return Promise.resolve(callback());
  }
}

/** BullMQ on Redis or Valkey. */
export class RedisStore implements Store {
  readonly label: string;
  /** The server does nothing else meanwhile: with a hundred for about two milliseconds. */
  readonly maxBatchCount = 100;
  /** One connection carries settlements and messages alike; on a Cluster all keys of a prefix are on one node. */
  readonly keepsOrder = true;
  readonly parked: RedisParking;
  private readonly connections: RedisConnections;
  private readonly messages: RedisMessages;
  private readonly adds = new RedisAdds(() => this.connections.shared);
  private readonly prefix: string;
  /** What all queues of this process share. */
  private backend: RedisQueueBackend | undefined;

  constructor(
    options: ResolvedBullmqOptions & { readonly availability: Availability },
    private readonly report: (error: Error) => void,
  ) {
    this.prefix = options.prefix;
    this.connections = new RedisConnections(options.connection, options.availability, report);
    this.messages = new RedisMessages(this.connections, options.prefix, report);
    this.parked = new RedisParking(this.connections, options.prefix);
    this.label = this.connections.label;
  }

  open(): Promise<void> {
    return this.connections.open();
  }

  isReady(): boolean {
    return this.connections.isReady();
  }

  becomesReady(): Promise<void> {
    return this.connections.becomesReady();
  }

  isOutage(error: unknown): boolean {
    // By its shape: to a test runner that gives each file a realm of its own, Node's errors are no instances of Error.
    if (!isNativeError(error)) return false;
    return OUTAGE.test(error.message) || ('code' in error && OUTAGE_CODES.has(error.code));
  }

  queue(place: string, onError: (error: Error) => void): StoreQueue {
    const { prefix } = this;
    const connection = this.connections.shared;
    const options = { connection, prefix, streams: { events: { maxLen: MAX_EVENTS } } };
    const backend = (this.backend ??= this.makeBackend(options));
    const queue = new Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend>(place, options, () =>
      backend.forQueue(place, prefix),
    );
    queue.on('error', onError);
    return queue;
  }

  /** They leave in one piece, as one command for each place where that is possible. */
  async add({ backend }: StoreQueue, jobs: readonly JobJson[]): Promise<readonly (string | Error)[]> {
    if (jobs.length > 1) this.connections.joinWrites();
    const isOurs = jobs.length > 1 && backend instanceof RedisQueueBackend;
    const answers = isOurs ? await this.adds.add(backend, jobs) : undefined;
    return answers ?? Promise.all(jobs.map((job) => backend.addJob(job, job.id).catch(toError)));
  }

  worker(
    place: string,
    processor: StoreProcessor,
    options: StoreWorkerOptions,
    onError: (error: Error) => void,
  ): StoreWorker {
    const { prefix } = this;
    const worker = new RedisWorker(place, processor, { ...options, prefix, connection: this.connections.shared });
    worker.on('error', onError);
    return worker;
  }

  async addAttempts(place: string, jobId: string, token: string, count: 1 | -1): Promise<number | undefined> {
    const job = this.keyOf(place, jobId);
    const attempts = await this.connections.shared.eval(ADD_ATTEMPTS, 2, job, `${job}:lock`, token, count);
    return typeof attempts === 'number' ? attempts : undefined;
  }

  async removeWaiting(place: string, jobId: string): Promise<Removal> {
    const removal = await this.connections.shared.eval(REMOVE_WAITING, 1, this.keyOf(place, ''), jobId);
    // The script answers with one of them.
    return REMOVALS.includes(String(removal)) ? (removal as Removal) : 'unknown';
  }

  counts(places: readonly string[]): Promise<readonly PlaceCounts[]> {
    return Promise.all(
      places.map(async (place) => {
        // The script answers in this form.
        const answer = (await this.connections.shared.eval(COUNT, 1, this.keyOf(place, ''))) as unknown[];
        const [waiting = 0, delayed = 0, active = 0, completed = 0, failed = 0, isPaused = 0] = answer.map(Number);
        const oldest = answer[6];
        const oldestReadyAt = typeof oldest === 'string' ? Number(oldest) : undefined;
        return { waiting, delayed, active, completed, failed, isPaused: isPaused === 1, oldestReadyAt };
      }),
    );
  }

  tell(instanceId: string, messages: readonly InstanceMessage[]): Promise<void> {
    return this.messages.tell(instanceId, messages);
  }

  listen(instanceId: string, received: (message: InstanceMessage) => void): void {
    this.messages.listen(instanceId, received);
  }

  async close(): Promise<void> {
    this.messages.close();
    // The connection is shared, and stays open for the next line to close, where it is ours.
    await this.backend?.close();
    this.connections.close();
  }

  private makeBackend(options: Parameters<typeof createRedisBackend>[1]): RedisQueueBackend {
    const backend = createRedisBackend('', options);
    // It passes the errors of its connection on, and would end the process where nobody listens.
    backend.on('error', this.report);
    return backend;
  }

  private keyOf(place: string, name: string): string {
    return `${this.prefix}:${place}:${name}`;
  }
}
