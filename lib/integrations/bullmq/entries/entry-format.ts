import type { JobJson, JobsOptions } from 'bullmq';

import type { EntryOutcome, JsonValue, ParkedEntry, ParkingPlace, QueueEntry, WireError } from '../../../index.js';
import { entryIdOf, jobIdOf } from './job-ids.js';
import type { StoreJob } from '../store.js';

/** The format of what this adapter stores in a job. What is in stores must stay readable: a change needs a new number. */
const FORMAT = 1;
/** The end of an id of what is parked for the second time, the fourth, and so on: no id of {@link jobIdOf} has it. */
const AGAIN = '%again';

/** What a job carries of an entry. */
export interface JobContent {
  /** The entry's data; all of the job's where a stranger made it. */
  readonly data: unknown;
  readonly key: string | undefined;
  readonly replyTo: string | undefined;
  /** Whether it comes out of a parking place: the next time it is parked under another id. */
  readonly isAgain: boolean;
}

/** The job of an entry, as BullMQ's backends store it. */
export function jobOf(entry: QueueEntry, isAgain = false): JobJson {
  const { id, name, data, key, priority, delayMs, deduplicationId, replyTo } = entry;
  const opts: JobsOptions = { attempts: 0 };
  // BullMQ counts priorities from 0.
  if (key === undefined && priority > 1) opts.priority = priority - 1;
  if (delayMs > 0) opts.delay = delayMs;
  if (deduplicationId !== undefined) opts.deduplication = { id: deduplicationId };
  return {
    id: jobIdOf(id),
    name,
    data: JSON.stringify(jobDataOf(data, key, { replyTo, isAgain })),
    opts,
    timestamp: Date.now(),
    ...(deduplicationId !== undefined && { deduplicationId }),
    progress: 0,
    attemptsMade: 0,
    attemptsStarted: 0,
    stalledCounter: 0,
    failedReason: '',
    returnvalue: 'null',
  };
}

/** What is stored of an entry that is replayed: nobody is told of its end any more. */
export function replayedData(jobData: unknown, data: unknown): string {
  const content = contentOf(jobData);
  return JSON.stringify(jobDataOf(data ?? content.data, content.key, { isAgain: content.isAgain }));
}

/** What a schedule puts into each job it makes. */
export function templateData(data: JsonValue): unknown {
  return { dispatch: FORMAT, data };
}

/** Reads what a job carries, whoever made it. */
export function contentOf(jobData: unknown): JobContent {
  if (!isOurs(jobData)) return { data: jobData, key: undefined, replyTo: undefined, isAgain: false };
  const { data, key, replyTo, again } = jobData;
  return {
    data,
    key: typeof key === 'string' ? key : undefined,
    replyTo: typeof replyTo === 'string' ? replyTo : undefined,
    isAgain: again === true,
  };
}

/** What a completed job returns to BullMQ: it cannot tell undefined from null itself. */
export function returnValueOf(result: JsonValue | undefined): unknown {
  return result === undefined ? {} : { result };
}

/** What a job returns to BullMQ that was dropped on purpose. */
export function discardedValueOf(error: WireError): unknown {
  return { dispatch: FORMAT, discarded: error };
}

/** How a finished job ended; undefined where it is none. */
export function outcomeOf(job: StoreJob, state: string): EntryOutcome | undefined {
  if (state === 'failed') return { status: 'failed', error: wireErrorOf(job) };
  if (state !== 'completed') return undefined;
  // What is read back from JSON is JSON; a stranger's worker may have returned something else than an object.
  const value = job.returnvalue as { readonly result?: JsonValue; readonly discarded?: WireError } | null | undefined;
  // Only this adapter writes it, in the form of discardedValueOf.
  if (isOurs(value) && value['discarded'] !== undefined) return { status: 'failed', error: value.discarded };
  return { status: 'completed', result: typeof value === 'object' ? value?.result : value };
}

/** What a handler reported last. BullMQ's own 0 stands for nothing. */
export function progressOf({ progress }: StoreJob): JsonValue | undefined {
  // What is read back from JSON is JSON; a stranger's worker may have reported a bare value.
  const value = progress as JsonValue;
  if (value === 0) return undefined;
  return typeof value === 'object' && value !== null && 'value' in value ? value['value'] : value;
}

/** The first line of a job's stack traces, which keeps of an error what BullMQ has no field for, and when the first failed. */
export function errorNote(
  { name, code, details, deadLetters, handler }: WireError,
  job: StoreJob,
  firstFailedAt: Date | undefined,
): string {
  // A job at its first attempt may have been replayed: what was noted before that does not count.
  const earlier = job.attemptsStarted > 1 ? firstFailedAtMs(job) : undefined;
  const since = earlier ?? firstFailedAt?.getTime() ?? Date.now();
  return JSON.stringify({ dispatch: FORMAT, name, code, details, deadLetters, handler, since });
}

/** The error that a job failed with; BullMQ's own where this adapter did not write it. */
export function wireErrorOf(job: StoreJob): WireError {
  const [note, stack] = job.stacktrace ?? [];
  const message = job.failedReason ?? '';
  const known = parsed(note);
  if (!isOurs(known)) return { name: 'Error', message, code: undefined, stack: note };
  const { name, code, details, deadLetters, handler } = known;
  return {
    name: typeof name === 'string' ? name : 'Error',
    message,
    code: typeof code === 'string' ? code : undefined,
    stack,
    // Only this adapter writes notes in its format.
    ...(typeof details === 'object' && details !== null && { details }),
    ...(typeof deadLetters === 'string' && { deadLetters }),
    ...(typeof handler === 'string' && { handler }),
  };
}

/** What is stored of an entry that is parked in a queue of its own. */
interface ParkedContent {
  readonly data: unknown;
  readonly key?: string;
  /** As BullMQ counts them. */
  readonly priority?: number;
  readonly again?: boolean;
  readonly error: WireError;
  readonly attempt: number;
  readonly at: number;
  readonly since?: number;
}

/** Makes the data of the job that keeps an entry which never reached a handler. */
export function parkedData(job: StoreJob, error: WireError, at: number, firstFailedAt: Date | undefined): unknown {
  const { data, key, isAgain } = contentOf(job.data);
  const { priority } = job.opts;
  const since = firstFailedAt?.getTime();
  return {
    dispatch: FORMAT,
    parked: { data, key, priority, again: isAgain, error, attempt: job.attemptsStarted, at, since },
  };
}

/** An entry that is parked, from the job that keeps it. */
export function parkedEntryOf(job: StoreJob, place: ParkingPlace): ParkedEntry {
  const { id = '', name } = job;
  if (place === 'failed') {
    const { data, key } = contentOf(job.data);
    const parkedAt = new Date(job.finishedOn ?? job.timestamp);
    const firstFailedAt = new Date(firstFailedAtMs(job) ?? parkedAt);
    const entry = { id: entryIdOf(id), name, data, place, error: wireErrorOf(job), attempt: job.attemptsStarted };
    return { ...entry, parkedAt, firstFailedAt, key };
  }
  const { data, key, error, attempt, at, since = at } = parkedContentOf(job);
  const times = { parkedAt: new Date(at), firstFailedAt: new Date(since) };
  return { id: entryIdOf(firstParkedIdOf(id)), name, data, place, error, attempt, ...times, key };
}

/** The entry that a parking place keeps, as it was sent: nobody is told of its end any more. */
export function unparkedJobOf(job: StoreJob, data: JsonValue | undefined) {
  const parked = parkedContentOf(job);
  const isAgain = parked.again !== true;
  const entry: QueueEntry = {
    id: entryIdOf(firstParkedIdOf(job.id ?? '')),
    name: job.name,
    // What is read back from JSON is JSON.
    data: data ?? (parked.data as JsonValue),
    key: parked.key,
    priority: (parked.priority ?? 0) + 1,
    delayMs: 0,
    deduplicationId: undefined,
    replyTo: undefined,
  };
  return { entry, json: jobOf(entry, isAgain), isAgain };
}

/**
 * The id that an entry is parked under. One that was replayed may be parked again before its first job is removed from the
 * place, and would be taken for that, so it has another id by turns.
 */
export function parkedIdOf(jobId: string, isAgain: boolean): string {
  // BullMQ numbers a stranger's jobs, but lets nobody add one with a number for an id.
  const id = /^-?\d+$/.test(jobId) ? jobIdOf(jobId) : jobId;
  return isAgain ? `${id}${AGAIN}` : id;
}

function firstParkedIdOf(id: string): string {
  return id.endsWith(AGAIN) ? id.slice(0, -AGAIN.length) : id;
}

function parkedContentOf(job: StoreJob): ParkedContent {
  // Only this adapter adds to its parking queues, always in the form of parkedData.
  return (job.data as { readonly parked: ParkedContent }).parked;
}

function firstFailedAtMs(job: StoreJob): number | undefined {
  const note = parsed(job.stacktrace?.[0]);
  return isOurs(note) && typeof note['since'] === 'number' ? note['since'] : undefined;
}

function jobDataOf(
  data: unknown,
  key: string | undefined,
  { replyTo, isAgain }: { replyTo?: string | undefined; isAgain: boolean },
) {
  return { dispatch: FORMAT, data, key, replyTo, again: isAgain || undefined };
}

function isOurs(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && 'dispatch' in value && value.dispatch === FORMAT;
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
