import type { JobJson, JobsOptions } from 'bullmq';

import type { EntryOutcome, JsonValue, ParkedEntry, ParkingPlace, QueueEntry, WireError } from '../../../index.js';
import { entryIdOf, jobIdOf } from './job-ids.js';
import type { StoreJob } from '../store.js';

/** The format of what this adapter stores in a job. What is in stores must stay readable: a change needs a new number. */
const FORMAT = 1;

/** What a job carries of an entry. */
export interface JobContent {
  /** The entry's data; all of the job's where a stranger made it. */
  readonly data: unknown;
  readonly key: string | undefined;
  readonly replyTo: string | undefined;
}

/** The job of an entry, as BullMQ's backends store it. */
export function jobOf({ id, name, data, key, priority, delayMs, deduplicationId, replyTo }: QueueEntry): JobJson {
  const opts: JobsOptions = { attempts: 0 };
  // BullMQ counts priorities from 0.
  if (key === undefined && priority > 1) opts.priority = priority - 1;
  if (delayMs > 0) opts.delay = delayMs;
  if (deduplicationId !== undefined) opts.deduplication = { id: deduplicationId };
  return {
    id: jobIdOf(id),
    name,
    data: JSON.stringify({ dispatch: FORMAT, data, key, replyTo }),
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

/** What a schedule puts into each job it makes. */
export function templateData(data: JsonValue): unknown {
  return { dispatch: FORMAT, data };
}

/** Reads what a job carries, whoever made it. */
export function contentOf(jobData: unknown): JobContent {
  if (!isOurs(jobData)) return { data: jobData, key: undefined, replyTo: undefined };
  const { data, key, replyTo } = jobData;
  return {
    data,
    key: typeof key === 'string' ? key : undefined,
    replyTo: typeof replyTo === 'string' ? replyTo : undefined,
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

/** The first line of a job's stack traces, which keeps of an error what BullMQ has no field for. */
export function errorNote({ name, code, details, deadLetters }: WireError): string {
  return JSON.stringify({ dispatch: FORMAT, name, code, details, deadLetters });
}

/** The error that a job failed with; BullMQ's own where this adapter did not write it. */
export function wireErrorOf(job: StoreJob): WireError {
  const [note, stack] = job.stacktrace ?? [];
  const message = job.failedReason ?? '';
  const known = parsed(note);
  if (!isOurs(known)) return { name: 'Error', message, code: undefined, stack: note };
  const { name, code, details, deadLetters } = known;
  return {
    name: typeof name === 'string' ? name : 'Error',
    message,
    code: typeof code === 'string' ? code : undefined,
    stack,
    // Only this adapter writes notes in its format.
    ...(typeof details === 'object' && details !== null && { details }),
    ...(typeof deadLetters === 'string' && { deadLetters }),
  };
}

/** What is stored of an entry that is parked in a queue of its own. */
export function parkedData(job: StoreJob, error: WireError): unknown {
  return {
    dispatch: FORMAT,
    parked: { data: contentOf(job.data).data, error, attempt: job.attemptsStarted, at: Date.now() },
  };
}

/** An entry that is parked, from the job that keeps it. */
export function parkedEntryOf(job: StoreJob, place: ParkingPlace): ParkedEntry {
  const { id = '', name } = job;
  if (place === 'failed') {
    const { data } = contentOf(job.data);
    const parkedAt = new Date(job.finishedOn ?? job.timestamp);
    return { id: entryIdOf(id), name, data, place, error: wireErrorOf(job), attempt: job.attemptsStarted, parkedAt };
  }
  // Only this adapter adds to its parking queues, always in the form of parkedData.
  const { parked } = job.data as { readonly parked: { data: unknown; error: WireError; attempt: number; at: number } };
  const { data, error, attempt, at } = parked;
  return { id: entryIdOf(id), name, data, place, error, attempt, parkedAt: new Date(at) };
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
