import {
  PostgresQueueBackend,
  type IQueueBackend,
  type JobJson,
  type JobType,
  type MinimalJob,
  type MoveToDelayedOpts,
  type WorkerOptions,
} from 'bullmq';

import { AddBatches, type NewJobEntry } from './add-batches.js';
import { JobAlarm } from './listening/job-alarm.js';
import { originalJob, storableFields, storableJob, storableJson, storableText, storableValue } from './stored-jobs.js';
import type { StoreConnection } from './store-connection.js';

/** What BullMQ's own functions tell with each job that becomes ready. */
const JOBS_CHANNEL = 'bullmq_jobs';

/** $1 queue, $2 how many are left out, $3 how many at most. */
const OLDEST_WAITING = `SELECT id FROM job
WHERE queue = $1 AND state = 'waiting' AND priority = 0 ORDER BY seq OFFSET $2 LIMIT $3`;

/** BullMQ hands the options of a worker on under the type of those of a queue. */
type BackendOptions = ConstructorParameters<typeof PostgresQueueBackend>[2] &
  Pick<WorkerOptions, 'name' | 'maxStalledCount' | 'stalledInterval'>;
type Finished = Awaited<ReturnType<PostgresQueueBackend['moveToCompleted']>>;

/** BullMQ on Postgres, with shared connections and with the order of jobs kept where BullMQ loses it. */
export class StoreBackend extends PostgresQueueBackend {
  private readonly batches = new AddBatches((entries) => this.store(entries));
  private unsubscribe: (() => void) | undefined;
  private readonly alarm = new JobAlarm(() => this.nextAt());
  private isDisconnected = false;

  constructor(
    private readonly view: StoreConnection,
    queueName: string,
    private readonly settings: BackendOptions,
  ) {
    super(view, queueName, settings);
  }

  override forQueue(queueName: string): IQueueBackend {
    return new StoreBackend(this.view, queueName, this.settings);
  }

  override close(): Promise<void> {
    this.unsubscribe?.();
    this.unsubscribe = undefined;
    return super.close();
  }

  override async addJob(job: JobJson, jobId: string): Promise<string> {
    const [id = jobId] = await this.addJobs([{ job, jobId }]);
    return id;
  }

  /** One statement at a time for each queue, so that jobs keep the order they were added in; what comes meanwhile shares the next. */
  override addJobs(entries: NewJobEntry[]): Promise<string[]> {
    return this.batches.add(entries.map((entry) => ({ ...entry, job: storableJob(entry.job) })));
  }

  override async addJobScheduler(
    ...[id, nextMillis, templateData, ...rest]: Parameters<PostgresQueueBackend['addJobScheduler']>
  ): Promise<[string, number]> {
    return super.addJobScheduler(id, nextMillis, storableJson(templateData), ...rest);
  }

  override async updateJobSchedulerNextMillis(
    ...[id, nextMillis, templateData, ...rest]: Parameters<PostgresQueueBackend['updateJobSchedulerNextMillis']>
  ): Promise<string | null> {
    return super.updateJobSchedulerNextMillis(id, nextMillis, storableJson(templateData), ...rest);
  }

  override async getJobData(jobId: string): Promise<JobJson | undefined> {
    const json = await super.getJobData(jobId);
    return json && originalJob(json);
  }

  override moveToCompleted<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    returnValue: R,
    removeOnComplete: Parameters<PostgresQueueBackend['moveToCompleted']>[2],
    token: string,
    fetchNext: boolean,
  ): Promise<Finished> {
    // Storable JSON of the same value, which is read back by originalJob.
    return super.moveToCompleted(job, storableValue(returnValue) as R, removeOnComplete, token, fetchNext);
  }

  override moveToFailed<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    failedReason: string,
    removeOnFail: Parameters<PostgresQueueBackend['moveToFailed']>[2],
    token: string,
    fetchNext: boolean,
    fields?: Record<string, unknown>,
  ): Promise<Finished> {
    return super.moveToFailed(job, storableText(failedReason), removeOnFail, token, fetchNext, storableFields(fields));
  }

  override retryJob(...[jobId, lifo, token, options]: Parameters<PostgresQueueBackend['retryJob']>): Promise<void> {
    const fields = storableFields(options?.fieldsToUpdate);
    return super.retryJob(jobId, lifo, token, { ...options, ...(fields && { fieldsToUpdate: fields }) });
  }

  override updateProgress(
    jobId: string,
    progress: Parameters<PostgresQueueBackend['updateProgress']>[1],
  ): Promise<void> {
    return super.updateProgress(jobId, storableValue(progress) as typeof progress);
  }

  override async moveToDelayed(
    jobId: string,
    timestamp: number,
    delayMs: number,
    token = '',
    options: MoveToDelayedOpts = {},
  ): Promise<unknown[]> {
    const fields = storableFields(options.fieldsToUpdate);
    await this.call('SELECT dispatch_delay($1, $2, $3, $4, $5, $6, $7, $8)', [
      this.queueName,
      jobId,
      token,
      timestamp + delayMs,
      delayMs,
      options.skipAttempt ?? false,
      fields?.['failedReason'] ?? null,
      fields?.['stacktrace'] ?? null,
    ]);
    if (options.fetchNext !== true || this.closing !== undefined) return [];
    const next = await this.moveToActive(token, this.settings.name);
    return next[0] ? next : [];
  }

  override async moveJobFromActiveToWait(jobId: string, token = '0'): Promise<number> {
    await this.call('SELECT dispatch_give_back($1, $2, $3)', [this.queueName, jobId, token]);
    return 0;
  }

  override async moveStalledJobsToWait(): Promise<string[]> {
    const { maxStalledCount = 1, stalledInterval = 30_000 } = this.settings;
    const rows = await this.call<{ id: string }>('SELECT id FROM dispatch_recover_stalled($1, $2, $3, $4) AS t(id)', [
      this.queueName,
      maxStalledCount,
      Date.now(),
      stalledInterval,
    ]);
    return rows.map(({ id }) => id);
  }

  /** As on Redis, the oldest where they are asked for: BullMQ would take the newest and put these in ascending order. */
  override async getRanges(types: JobType[], start = 0, end = -1, asc = false): Promise<[string][]> {
    const [type] = types;
    if (!asc || types.length !== 1 || (type !== 'wait' && type !== 'waiting')) {
      return super.getRanges(types, start, end, asc);
    }
    const limit = end < 0 ? null : end - start + 1;
    const rows = await this.call<{ id: string }>(OLDEST_WAITING, [this.queueName, start, limit]);
    // BullMQ declares a tuple and means a list; and it turns the list round.
    return [rows.map(({ id }) => id).toReversed() as [string]];
  }

  /** Resolves when there may be a job, or after `blockTimeout` seconds. */
  override async waitForJob(blockTimeout: number): Promise<{ member: string; score: number } | null> {
    if (this.closing !== undefined || this.isDisconnected) return null;
    const mayHaveJob = this.alarm.wait(blockTimeout * 1000);
    // After the first time it has been listening all along, so nothing is told between the question and the wait.
    this.unsubscribe ??= this.subscribe();
    return (await mayHaveJob) && !this.isDisconnected ? { member: this.queueName, score: 0 } : null;
  }

  override async disconnectBlocking(): Promise<void> {
    this.isDisconnected = true;
    this.alarm.ring();
  }

  override async reconnectBlocking(): Promise<void> {
    this.isDisconnected = false;
  }

  override async disconnect(): Promise<void> {
    this.alarm.ring();
  }

  private async store(entries: NewJobEntry[]): Promise<string[]> {
    const [entry] = entries;
    // BullMQ makes temporary tables for a batch, which is more work than one job is.
    return entry !== undefined && entries.length === 1
      ? [await super.addJob(entry.job, entry.jobId)]
      : super.addJobs(entries);
  }

  private subscribe(): () => void {
    return this.view.shared.listener.subscribe(JOBS_CHANNEL, (payload) => {
      if (payload === undefined || payload === this.queueName) this.alarm.ring();
    });
  }

  private async nextAt(): Promise<number | undefined> {
    const [row] = await this.call<{ at: string | null }>('SELECT dispatch_next($1) AS at', [this.queueName]);
    return row === undefined || row.at === null ? undefined : Number(row.at);
  }

  private async call<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    try {
      return (await this.view.pool.query<Row>(text, values)).rows;
    } catch (error) {
      throw withNumber(error);
    }
  }
}

/** BullMQ's functions tell by a number what they refuse, which its callers expect as the code of the error. */
function withNumber(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'BM001' || !('detail' in error)) return error;
  return Object.assign(new Error(error.message, { cause: error }), { code: Number(error.detail) });
}
