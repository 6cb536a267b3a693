import {
  Queue,
  Worker,
  type BackendFactory,
  type IQueueBackend,
  type Job,
  type JobJson,
  type JobProgress,
  type QueueBaseOptions,
} from 'bullmq';

import { InvalidQueueOptionsError, QueueUnavailableError } from '../../../index.js';
import { toError } from '../errors.js';
import type {
  InstanceMessage,
  PlaceCounts,
  Removal,
  Store,
  StoreProcessor,
  StoreQueue,
  StoreWorker,
  StoreWorkerOptions,
} from '../store.js';
import { MAX_BATCH_COUNT } from './add-batches.js';
import { ChannelListener } from './listening/channel-listener.js';
import { Database, isOutage, within } from './database.js';
import { checkSchema, migrate } from './migrations.js';
import { connectorOf, labelOf, type Connector } from './pg-driver.js';
import { PostgresParking } from './parking/postgres-parking.js';
import { PostgresMessages } from './postgres-messages.js';
import type { ResolvedPostgresOptions } from './postgres-options.js';
import { StoreBackend } from './store-backend.js';
import { StoreConnection, type ConnectionBehavior, type SharedConnections } from './store-connection.js';
import { originalJob } from './stored-jobs.js';

/** Codes of wrong credentials, of a missing right, of a database that is not there. */
const REFUSED = /^(28|3D|42501)/;
const MAX_INTEGER = 2_147_483_647;
/** How long a worker waits that nobody wakes, in seconds. Each of them asks the server then. */
const DRAIN_DELAY_SECONDS = 5;
/** The least time the server has for what a worker asks, which may wait for the locks of many others. */
const WORKER_TIMEOUT_MS = 10_000;

/** $1 queue, $2 job, $3 token, $4 how many. */
const ADD_ATTEMPTS = `UPDATE job SET attempts_started = attempts_started + $4::integer
WHERE queue = $1 AND id = $2 AND state = 'active' AND lock_token = $3
RETURNING attempts_started AS attempts`;

/** $1 queue, $2 job. */
const REMOVE_WAITING = 'SELECT dispatch_remove_waiting($1, $2) AS removal';

/** $1 queues. A row for each, in their order. */
const COUNT = `SELECT
  count(*) FILTER (WHERE j.state IN ('waiting', 'waiting-children'))::integer AS waiting,
  count(*) FILTER (WHERE j.state = 'delayed')::integer AS delayed,
  count(*) FILTER (WHERE j.state = 'active')::integer AS active,
  count(*) FILTER (WHERE j.state = 'completed')::integer AS completed,
  count(*) FILTER (WHERE j.state = 'failed')::integer AS failed,
  EXISTS (SELECT 1 FROM meta WHERE queue = q.name AND field = 'paused' AND value = '1') AS "isPaused",
  min(COALESCE(j.process_at_ms, j.added_at_ms)) FILTER (WHERE j.state = 'waiting') AS "oldestReadyAt"
FROM unnest($1::text[]) WITH ORDINALITY AS q(name, position)
LEFT JOIN job j ON j.queue = q.name
GROUP BY q.name, q.position
ORDER BY q.position`;

interface CountRow extends Omit<PlaceCounts, 'oldestReadyAt'> {
  readonly oldestReadyAt: string | null;
}

/** A worker that reads what was made storable. */
class PostgresWorker extends Worker<unknown, unknown, string, IQueueBackend, JobProgress, unknown> {
  protected override createJob(data: JobJson, jobId: string): Job<unknown, unknown> {
    return super.createJob(originalJob(data), jobId);
  }

  /** After a look for abandoned jobs that failed BullMQ rests for five seconds: so long nobody would be relieved who dies then. */
  protected override checkConnectionError<T>(
    look: () => Promise<T>,
    delayMs = this.opts.runRetryDelay,
  ): Promise<T | undefined> {
    return super.checkConnectionError(look, delayMs);
  }
}

/** BullMQ on Postgres. */
export class PostgresStore implements Store {
  readonly label: string;
  readonly maxBatchCount = MAX_BATCH_COUNT;
  /** Each statement may go over another connection. */
  readonly keepsOrder = false;
  readonly parked: PostgresParking;
  private readonly connector: Connector;
  private readonly database: Database;
  private readonly listener: ChannelListener;
  private readonly messages: PostgresMessages;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly options: ResolvedPostgresOptions,
    private readonly report: (error: unknown) => void,
  ) {
    const { commandTimeoutMs } = options.availability;
    this.label = labelOf(options);
    this.connector = connectorOf(options, report);
    this.database = new Database(this.connector, {
      timeoutMs: commandTimeoutMs,
      prepare: async (connection) => {
        if (options.migrate) await migrate(connection, options.schema);
        await checkSchema(connection, options.schema);
      },
      report,
    });
    this.parked = new PostgresParking(this.database);
    this.listener = new ChannelListener(this.connector, commandTimeoutMs, report);
    this.messages = new PostgresMessages(this.database, this.listener, report);
  }

  async open(): Promise<void> {
    const { atBoot, connectTimeoutMs } = this.options.availability;
    try {
      await this.database.open(connectTimeoutMs);
    } catch (cause) {
      if (!isOutage(cause)) throw this.refused(cause);
      if (atBoot === 'fail') throw new QueueUnavailableError('connecting', this.label, { cause });
      this.report(cause);
      this.database.openLater();
    }
  }

  isReady(): boolean {
    return this.database.isReady();
  }

  becomesReady(): Promise<void> {
    return this.database.becomesReady();
  }

  isOutage(error: unknown): boolean {
    return isOutage(error);
  }

  queue(place: string, onError: (error: Error) => void): StoreQueue {
    const { whenDown, commandTimeoutMs } = this.options.availability;
    const inOutage = whenDown === 'wait' ? 'retry' : 'throw';
    const factory = this.factory({ inOutage, timeoutMs: commandTimeoutMs, onError });
    const options = { connection: {}, skipMetasUpdate: true };
    const queue = new Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend, unknown>(
      place,
      options,
      factory,
    );
    queue.on('error', onError);
    return queue;
  }

  async add({ backend }: StoreQueue, jobs: readonly JobJson[]): Promise<readonly (string | Error)[]> {
    try {
      return await backend.addJobs(jobs.map((job) => ({ job, jobId: job.id })));
    } catch (error) {
      if (jobs.length === 1 || isOutage(error)) return jobs.map(() => toError(error));
    }
    // The database refuses all of them for one, so each is asked for by itself.
    return Promise.all(jobs.map((job) => backend.addJob(job, job.id).catch(toError)));
  }

  worker(
    place: string,
    processor: StoreProcessor,
    options: StoreWorkerOptions,
    onError: (error: Error) => void,
  ): StoreWorker {
    const timeoutMs = Math.max(WORKER_TIMEOUT_MS, this.options.availability.commandTimeoutMs);
    const factory = this.factory({ inOutage: 'throwForWorker', timeoutMs, onError });
    const own = {
      connection: {},
      drainDelay: DRAIN_DELAY_SECONDS,
      // A column of Postgres keeps it.
      maxStalledCount: Math.min(options.maxStalledCount ?? 1, MAX_INTEGER),
    };
    const worker = new PostgresWorker(place, processor, { ...options, ...own }, factory);
    worker.on('error', onError);
    return worker;
  }

  async addAttempts(place: string, jobId: string, token: string, count: 1 | -1): Promise<number | undefined> {
    const [row] = await this.database.query<{ attempts: number }>(ADD_ATTEMPTS, [place, jobId, token, count]);
    return row?.attempts;
  }

  async removeWaiting(place: string, jobId: string): Promise<Removal> {
    const [row] = await this.database.query<{ removal: Removal }>(REMOVE_WAITING, [place, jobId]);
    return row?.removal ?? 'unknown';
  }

  async counts(places: readonly string[]): Promise<readonly PlaceCounts[]> {
    const rows = await this.database.query<CountRow>(COUNT, [places]);
    return rows.map(({ oldestReadyAt, ...counts }) => ({
      ...counts,
      oldestReadyAt: oldestReadyAt === null ? undefined : Number(oldestReadyAt),
    }));
  }

  tell(instanceId: string, messages: readonly InstanceMessage[]): Promise<void> {
    return this.messages.tell(instanceId, messages);
  }

  listen(instanceId: string, received: (message: InstanceMessage) => void): void {
    this.messages.listen(instanceId, received);
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    this.database.close();
    const { commandTimeoutMs } = this.options.availability;
    const silent = this.messages.close().then(() => this.listener.close());
    await within(commandTimeoutMs, silent).catch((error: unknown) => this.report(error));
    await this.connector.close(commandTimeoutMs);
  }

  private factory(behavior: ConnectionBehavior): BackendFactory<IQueueBackend, unknown> {
    const shared: SharedConnections = { database: this.database, listener: this.listener };
    return (name: string, options: QueueBaseOptions<unknown>) =>
      // Its own connection, not the one BullMQ is given, is what it looks at.
      new StoreBackend(new StoreConnection(shared, behavior), name, { ...options, connection: {} });
  }

  /** An error of a server that is there and lets nobody in. */
  private refused(cause: unknown): unknown {
    if (!(cause instanceof Error) || !('code' in cause) || typeof cause.code !== 'string') return cause;
    if (!REFUSED.test(cause.code)) return cause;
    return new InvalidQueueOptionsError('bullmqPostgres()', [`lead to ${this.label}, which refuses: ${cause.message}`]);
  }
}
